//! Messages and frames of chat platforms that were recorded or made with other libraries; they lie beside the project, and
//! where they are absent the tests say so and check nothing.

mod dingtalk;
mod tencent;
mod traces;
