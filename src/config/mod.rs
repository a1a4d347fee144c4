//! Settings: defaults < file < `YUNZHU_*` environment < options of the command line.
//!
//! Composes what each module takes; decides nothing else. An unknown key is an error, because a setting that is
//! spelt wrong and silently ignored is found too late. Start at [`compose`].

mod language;
mod layer;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::app::Folders;

pub use language::Language;
pub use layer::Layer;

/// File that is read where it exists and no other is named.
pub const DEFAULT_FILE: &str = "yunzhu.toml";

/// Everything that can be set, each part for the module that takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where everything lies.
    pub folders: Folders,
    /// Language of what is said to people.
    pub language: Language,
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
    let chosen = options.over(environment.layer).over(file);
    let folder = |chosen: Option<PathBuf>, default: &str| chosen.unwrap_or_else(|| default.into());
    Ok(Settings {
        folders: Folders {
            kb: folder(chosen.kb, "kb"),
            index: folder(chosen.index, "index"),
            data: folder(chosen.data, "data"),
        },
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
    fn the_example_file_holds_every_key_with_its_default() {
        let text = include_str!("../../yunzhu.example.toml");
        let commented: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("#: ")).collect();
        let settings = with(&commented.join("\n"), &[], Layer::default()).unwrap();
        assert_eq!(settings.language, Language::Chinese);
        for key in layer::KEYS {
            assert!(commented.iter().any(|line| line.starts_with(&format!("{key} = "))), "{key}");
        }
        with(text, &[], Layer::default()).unwrap();
    }
}
