//! DingTalk: robots of internal applications, by HTTP callback or by a stream that we open.
//!
//! `sign` and `receive` read what comes, `reply` and `stream` write what goes, all pure; `client` and `stream_client` are on the
//! network. Nothing here decides what is answered. Start at [`receive::receive`] and [`client::Client`].
//! Facts: open.dingtalk.com, "robot receive message", "sign", "stream protocol".

pub mod client;
mod fault;
pub mod receive;
pub mod reply;
pub mod sign;
pub mod stream;
pub mod stream_client;
pub mod stream_state;

use crate::privacy::secret::Secret;

/// Where the API is.
pub const API_BASE: &str = "https://api.dingtalk.com";

/// The settings of one robot of one internal application.
#[derive(Clone, Debug)]
pub struct Options {
    /// AppKey, also called Client ID.
    pub app_key: String,
    /// AppSecret, also called Client Secret.
    pub app_secret: Secret,
    /// Code of the robot; mostly the AppKey.
    pub robot_code: String,
    /// Address of the API, without a slash at its end; [`API_BASE`] unless there is a proxy.
    pub api_base: String,
}
