//! Settings: defaults < file < `YUNZHU_*` environment < options of the command line.
//!
//! Composes what each module takes; decides nothing else. An unknown key is an error, because a setting that is
//! spelt wrong and silently ignored is found too late. Start at [`compose`].

pub mod channels;
mod language;
mod layer;
mod network;
mod options;
mod section;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::app::Folders;

pub use language::Language;
pub use layer::Layer;
pub use network::Network;
pub use options::{
    AlertWebhook, Alerts, Conversation, Log, LogFormat, LogLevel, Origin, Privacy, Server, Tls,
};
pub use section::{AlertsLayer, ConversationLayer, LogLayer, PrivacyLayer, ServerLayer};

/// File that is read where it exists and no other is named.
pub const DEFAULT_FILE: &str = "yunzhu.toml";

/// Everything that can be set, each part for the module that takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where everything lies.
    pub folders: Folders,
    /// Language of what is said to people.
    pub language: Language,
    /// How the service is reached, and how much it takes.
    pub server: Server,
    /// When a conversation is over.
    pub conversation: Conversation,
    /// Who hears of an outage.
    pub alerts: Alerts,
    /// Where people are.
    pub channels: channels::Channels,
    /// What is kept, and under which key.
    pub privacy: Privacy,
    /// What is said on standard error.
    pub log: Log,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The named file is not there, or cannot be read.
    #[error("the settings in {} cannot be read: {reason}; check --config", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The file says something that is no setting.
    #[error("{}:{line}: {reason}", .file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong, and what is known.
        reason: String,
    },
    /// A variable of the environment is no setting.
    #[error("environment variable {variable}: {reason}")]
    Environment {
        /// Its name.
        variable: String,
        /// What is wrong, and what is known.
        reason: String,
    },
    /// A value is none that the program can run with.
    #[error("the setting {key} {reason}")]
    Value {
        /// The key with its section.
        key: &'static str,
        /// What is wrong.
        reason: String,
    },
}

impl From<options::Wrong> for ConfigError {
    fn from((key, reason): options::Wrong) -> Self {
        Self::Value { key, reason }
    }
}

/// The settings from all places. `file` is the file named on the command line; `environment` is all of it.
///
/// # Errors
/// A file that was named cannot be read, or a key or value makes no sense.
pub fn compose(
    file: Option<&Path>,
    environment: impl Iterator<Item = (OsString, OsString)>,
    options: Layer,
) -> Result<Settings, ConfigError> {
    let environment = layer::from_environment(environment)?;
    let file = match file.map(Path::to_owned).or(environment.config) {
        Some(named) => layer::from_file(&named)?,
        None if Path::new(DEFAULT_FILE).exists() => layer::from_file(Path::new(DEFAULT_FILE))?,
        None => Layer::default(),
    };
    let mut chosen = options.over(environment.layer).over(file);
    let channels = channels::channels(chosen.channels())?;
    let folder = |chosen: Option<PathBuf>, default: &str| chosen.unwrap_or_else(|| default.into());
    let folders = Folders {
        kb: folder(chosen.kb, "kb"),
        index: folder(chosen.index, "index"),
        data: folder(chosen.data, "data"),
    };
    Ok(Settings {
        channels,
        server: options::server(chosen.server)?,
        conversation: options::conversation(chosen.conversation),
        alerts: options::alerts(chosen.alerts)?,
        privacy: options::privacy(chosen.privacy, environment.vault_key, &folders.data),
        log: options::log(chosen.log),
        folders,
        language: chosen.language.or(environment.locale).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(file: &str, environment: &[(&str, &str)], options: Layer) -> Result<Settings, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("y.toml");
        std::fs::write(&path, file).unwrap();
        let environment: Vec<_> = environment.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        let mut settings = compose(Some(&path), environment.into_iter(), options)?;
        if let Ok(inside) = settings.folders.kb.strip_prefix(folder.path()) {
            settings.folders.kb = Path::new("FILE").join(inside);
        }
        Ok(settings)
    }

    fn kb(file: &str, environment: &[(&str, &str)], option: Option<&str>) -> PathBuf {
        let options = Layer { kb: option.map(PathBuf::from), ..Layer::default() };
        with(file, environment, options).unwrap().folders.kb
    }

    #[test]
    fn each_place_wins_over_the_one_before() {
        assert_eq!(kb("", &[], None), Path::new("kb"));
        assert_eq!(kb("kb = 'a'", &[], None), Path::new("FILE/a"));
        assert_eq!(kb("kb = 'a'", &[("YUNZHU_KB", "b")], None), Path::new("b"));
        assert_eq!(kb("kb = 'a'", &[("YUNZHU_KB", "b")], Some("c")), Path::new("c"));
        assert_eq!(kb("", &[("YUNZHU_KB", "")], None), Path::new("kb"), "set to nothing is not set");
    }

    #[test]
    fn unknown_keys_name_the_place_and_what_is_known() {
        let error = with("# mine\nkbb = 'a'\n", &[], Layer::default()).unwrap_err().to_string();
        assert!(
            error.contains("y.toml:2: ") && error.contains("`kbb`") && error.contains("`index`"),
            "{error}"
        );
        let error = with("", &[("YUNZHU_KBB", "a")], Layer::default()).unwrap_err().to_string();
        assert!(error.contains("YUNZHU_KBB") && error.contains("YUNZHU_INDEX"), "{error}");
        let error = with("language = 'fr'", &[], Layer::default()).unwrap_err().to_string();
        assert!(error.contains(":1: ") && error.contains("zh-CN"), "{error}");
        assert!(with("kb = ", &[], Layer::default()).is_err());
        // What Kubernetes puts there for a service of this name.
        let service = [("YUNZHU_SERVICE_HOST", "10.0.0.1"), ("YUNZHU_PORT_80_TCP", "tcp://10.0.0.1:80")];
        assert!(with("", &service, Layer::default()).is_ok());
    }

    #[test]
    fn a_named_file_must_exist() {
        let error = compose(Some(Path::new("/no/such.toml")), std::iter::empty(), Layer::default());
        assert!(error.unwrap_err().to_string().contains("/no/such.toml"));
    }

    #[test]
    fn the_language_follows_the_locale_unless_it_is_set() {
        let language =
            |environment: &[(&str, &str)]| with("", environment, Layer::default()).unwrap().language;
        assert_eq!(language(&[]), Language::Chinese);
        assert_eq!(language(&[("LANG", "en_US.UTF-8")]), Language::English);
        assert_eq!(language(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "zh_CN.UTF-8")]), Language::Chinese);
        assert_eq!(language(&[("LANG", "de_DE"), ("YUNZHU_LANGUAGE", "en")]), Language::English);
    }

    #[test]
    fn sections_come_from_file_and_environment() {
        let file = "[server]\nlisten = '0.0.0.0:80'\ntls_cert = 'c.pem'\ntls_key = '/k.pem'\n[log]\nformat = 'json'\n";
        let environment = [
            ("YUNZHU_SERVER_LISTEN", "[::]:9000"),
            ("YUNZHU_SERVER_ALLOWED_ORIGINS", "https://a.example, HTTPS://B.example:8443"),
            ("YUNZHU_SERVER_TRUSTED_PROXIES", "10.0.0.0/8"),
            ("YUNZHU_SERVER_LIMIT_LOOPBACK", "true"),
            ("YUNZHU_LOG_LEVEL", "debug"),
        ];
        let settings = with(file, &environment, Layer::default()).unwrap();
        let server = &settings.server;
        assert_eq!(server.listen.to_string(), "[::]:9000");
        let tls = server.tls.clone().unwrap();
        assert!(tls.cert.is_absolute() && tls.cert.ends_with("c.pem"), "{tls:?}");
        assert_eq!(tls.key, Path::new("/k.pem"));
        let origins: Vec<&str> = server.allowed_origins.iter().map(Origin::as_str).collect();
        assert_eq!(origins, ["https://a.example", "https://b.example:8443"]);
        assert!(server.trusted_proxies[0].contains("10.1.2.3".parse().unwrap()));
        assert!(server.limit_loopback);
        assert_eq!((settings.log.format, settings.log.level), (LogFormat::Json, LogLevel::Debug));
    }

    #[test]
    fn values_that_cannot_be_run_with_name_their_key() {
        for (file, parts) in [
            ("[server]\ntls_cert = 'c'", ["server.tls_key", "tls_cert"]),
            ("[server]\nburst = 0", ["server.burst", "1 or more"]),
            ("[server]\nlisten = '8080'", ["y.toml:2", "socket address"]),
            ("[server]\nallowed_origins = ['*']", ["y.toml:2", "https://"]),
            ("[server]\ntrusted_proxies = ['10/8']", ["y.toml:2", "10.0.0.0/8"]),
            ("[server]\nlissten = 'x'", ["`lissten`", "`listen`"]),
            ("[sever]\nlisten = 'x'", ["`sever`", "`server`"]),
            ("[alerts]\nwebhook_url = 'https://a.example/x'", ["alerts.webhook_secret", "signed"]),
            ("[alerts]\nwebhook_url = 'ftp://a'\nwebhook_secret = 's'", ["alerts.webhook_url", "http"]),
            ("[log]\nlevel = 'loud'", ["loud", "trace"]),
        ] {
            let error = with(file, &[], Layer::default()).unwrap_err().to_string();
            assert!(parts.iter().all(|part| error.contains(part)), "{file}: {error}");
        }
        let error = with("", &[("YUNZHU_SERVER_BURST", "many")], Layer::default()).unwrap_err().to_string();
        assert!(error.contains("YUNZHU_SERVER_BURST"), "{error}");
        let error = with("", &[("YUNZHU_SERVER_BRUST", "1")], Layer::default()).unwrap_err().to_string();
        assert!(error.contains("YUNZHU_SERVER_BURST"), "{error}");
    }

    #[test]
    fn secrets_are_not_shown() {
        let file = "[alerts]\nwebhook_url = 'https://a.example'\nwebhook_secret = 'hush-hush'\n";
        let settings = with(file, &[("YUNZHU_VAULT_KEY", "hush-key")], Layer::default()).unwrap();
        assert_eq!(settings.alerts.webhook.as_ref().unwrap().secret.expose(), "hush-hush");
        assert!(!format!("{settings:?}").contains("hush"), "{settings:?}");
        let error = with("[alerts]\nwebhook_secret = 7357\n", &[], Layer::default()).unwrap_err();
        assert!(!error.to_string().contains("7357"), "{error}");
    }

    #[test]
    fn the_example_file_holds_every_key_with_its_default() {
        let text = include_str!("../../yunzhu.example.toml");
        // Sections count where they stand, so all lines but plain remarks belong to it.
        let shown: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("#: ").or(line.starts_with('[').then_some(line)))
            .collect();
        let (example, defaults) = (
            with(&shown.join("\n"), &[], Layer::default()).unwrap(),
            with("", &[], Layer::default()).unwrap(),
        );
        let same = Settings {
            folders: defaults.folders.clone(),
            privacy: defaults.privacy.clone(),
            ..example.clone()
        };
        assert_eq!(same, defaults);
        assert_eq!(example.conversation, defaults.conversation);
        assert!(example.privacy.vault_key_file.ends_with(&defaults.privacy.vault_key_file));
        assert!(example.folders.kb.ends_with(&defaults.folders.kb));
        assert!(example.folders.data.ends_with(&defaults.folders.data));
        for (section, key) in layer::keys() {
            let mut place = "";
            let found = shown.iter().any(|line| {
                place = line.strip_prefix('[').map_or(place, |name| name.trim_end_matches(']'));
                place == section && line.starts_with(&format!("{key} = "))
            });
            // These have no default: an example of them stands in a plain remark.
            let example = text.lines().any(|line| line.starts_with(&format!("# {key} = ")));
            let optional =
                ["tls_cert", "tls_key", "public_url", "webhook_url", "webhook_secret", "identity_secret"];
            let platform = ["wechat", "wecom_bot", "wecom_app", "wecom_kf", "dingtalk", "robots"];
            let found = found || (example && (optional.contains(&key) || platform.contains(&section)));
            assert!(found, "[{section}] {key}");
        }
        with(text, &[], Layer::default()).unwrap();
    }

    #[test]
    fn every_file_ever_released_still_loads() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/config");
        let mut files = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            let set: String = text
                .lines()
                .map(|line| line.strip_prefix("#: ").unwrap_or(line))
                .flat_map(|l| [l, "\n"])
                .collect();
            with(&text, &[], Layer::default()).unwrap();
            with(&set, &[], Layer::default()).unwrap();
            files += 1;
        }
        assert!(files > 0);
    }
}
