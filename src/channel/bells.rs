//! Bells of WeChat customer service: a call of the platform that says only that there are messages to fetch.

use std::sync::Mutex;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::channel::wecom::kf::Bell;

/// Bells on their way from who hears them to who fetches. One that is lost is no harm: the next one, or the next start,
/// fetches from where one was.
#[derive(Debug)]
pub struct Bells {
    sender: UnboundedSender<Bell>,
    receiver: Mutex<Option<UnboundedReceiver<Bell>>>,
}

impl Default for Bells {
    fn default() -> Self {
        let (sender, receiver) = unbounded_channel();
        Self { sender, receiver: Mutex::new(Some(receiver)) }
    }
}

impl Bells {
    /// A bell was heard.
    pub fn ring(&self, bell: Bell) {
        // Nobody fetches any more where the service ends.
        _ = self.sender.send(bell);
    }

    /// The bells in their order. For one who fetches: the second call gives `None`.
    pub fn heard(&self) -> Option<UnboundedReceiver<Bell>> {
        self.receiver.lock().ok()?.take()
    }
}
