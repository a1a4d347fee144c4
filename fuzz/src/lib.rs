//! The pure files of yunzhu under the paths that they have there, for the targets in `fuzz_targets/`.
//!
//! Nothing is copied: a file that moves or changes its shape no longer compiles here. Start at the target.

// Not all of a file is used by a target.
#![allow(dead_code)]

#[path = "../../src"]
mod tree {
    pub mod id;
    pub mod message;
}
pub use tree::{id, message};

/// Answers.
#[path = "../../src/answer"]
pub mod answer {
    pub mod page;
    pub mod present;
}

/// Privacy.
#[path = "../../src/privacy"]
pub mod privacy {
    pub mod secret;
}

/// Chat platforms.
#[path = "../../src/channel"]
pub mod channel {
    include!(concat!(env!("OUT_DIR"), "/channel.rs"));

    pub mod numbered;
    pub mod tencent;

    /// DingTalk.
    pub mod dingtalk {
        include!(concat!(env!("OUT_DIR"), "/channel_dingtalk.rs"));

        pub mod receive;
        pub mod reply;
        pub mod sign;
        pub mod stream;
    }

    /// WeChat official accounts.
    pub mod wechat {
        include!(concat!(env!("OUT_DIR"), "/channel_wechat.rs"));

        pub mod receive;
        pub mod reply;
    }

    /// WeCom.
    pub mod wecom {
        include!(concat!(env!("OUT_DIR"), "/channel_wecom.rs"));

        pub mod app;
        pub mod bot;
        pub mod bot_message;
        pub mod bot_reply;
        pub mod card;
        pub mod kf;
        pub mod kf_page;
        pub mod link;
    }
}
