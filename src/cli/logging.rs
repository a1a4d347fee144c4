//! Logs: on standard error, for people or as JSON, and never with personal data.
//!
//! Two rules keep it out. The program logs ids and never texts; and whatever is written goes through the same masking as
//! what is stored, so that an error of a library that repeats its input betrays nothing either. Other libraries are heard
//! from warnings on only: their lower levels show requests.

use std::io::{self, Write};

use anyhow::Context as _;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;

use crate::config::{Log, LogFormat, LogLevel};
use crate::privacy::masking::{mask, mask_json};

/// Logs from now on.
///
/// # Errors
/// Something logs already.
pub fn start(log: Log) -> anyhow::Result<()> {
    let subscriber = subscriber(log, io::stderr);
    tracing::subscriber::set_global_default(subscriber).context("logs were set up twice")
}

fn subscriber<W>(log: Log, out: fn() -> W) -> impl Subscriber + Send + Sync
where
    W: Write + 'static,
{
    let filter = Targets::new().with_default(level(log.level).min(LevelFilter::WARN));
    let filter = filter.with_target(env!("CARGO_CRATE_NAME"), level(log.level));
    tracing_subscriber::registry().with(lines(log.format, out).with_filter(filter))
}

fn lines<S, W>(format: LogFormat, out: fn() -> W) -> Box<dyn tracing_subscriber::Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Write + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(Masking { format, out });
    match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
    }
}

fn level(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

/// Masks each line before it is written. A line arrives in one piece.
struct Masking<W> {
    format: LogFormat,
    out: fn() -> W,
}

struct MaskedLine<W> {
    format: LogFormat,
    out: W,
}

impl<'a, W: Write + 'a> MakeWriter<'a> for Masking<W> {
    type Writer = MaskedLine<W>;

    fn make_writer(&'a self) -> Self::Writer {
        MaskedLine { format: self.format, out: (self.out)() }
    }
}

impl<W: Write> Write for MaskedLine<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let masked = match self.format {
            LogFormat::Text => mask(&text).text,
            LogFormat::Json => masked_object(&text),
        };
        self.out.write_all(masked.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A line of JSON, masked value by value so that it stays JSON.
fn masked_object(line: &str) -> String {
    match serde_json::from_str(line) {
        Ok(mut object) => {
            mask_json(&mut object);
            format!("{object}\n")
        }
        Err(_) => mask(line).text,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    thread_local!(static WRITTEN: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) });

    /// Collects what is written on this thread.
    struct Paper;

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            WRITTEN.with_borrow_mut(|written| written.extend_from_slice(bytes));
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(format: LogFormat, level: LogLevel) -> String {
        WRITTEN.with_borrow_mut(Vec::clear);
        tracing::subscriber::with_default(subscriber(Log { format, level }, || Paper), || {
            let span = tracing::info_span!("turn", conversation = "c1");
            let _in = span.enter();
            tracing::info!(phone = 13_800_138_000_u64, "said 13800138000, 密码是Abc@1234");
            tracing::debug!("step");
            tracing::info!(target: "sqlx::query", "SELECT");
            tracing::error!(target: "reqwest", error = "bad zhang@example.com", "failed");
        });
        WRITTEN.with_borrow(|written| String::from_utf8(written.clone()).unwrap())
    }

    #[test]
    fn lines_have_ids_and_no_personal_data() {
        let text = written(LogFormat::Text, LogLevel::Info);
        assert!(text.contains("conversation=\"c1\"") && text.contains("138****8000, 密码是****"), "{text}");
        assert!(text.contains("z****@example.com"), "{text}");
        assert!(
            !text.contains("13800138000") && !text.contains("step") && !text.contains("SELECT"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 2, "{text}");
    }

    #[test]
    fn json_stays_json() {
        let text = written(LogFormat::Json, LogLevel::Debug);
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert_eq!(lines[0]["phone"], "138****8000");
        assert_eq!(lines[0]["span"]["conversation"], "c1");
        assert_eq!(lines[2]["error"], "bad z****@example.com");
    }

    #[test]
    fn less_can_be_asked_for() {
        assert_eq!(written(LogFormat::Text, LogLevel::Error).lines().count(), 1);
    }
}
