//! One place that settings come from: each may be set there or not.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{ConfigError, Language};

/// Every key, as the file spells it; the environment spells it in capitals after `YUNZHU_`.
pub const KEYS: [&str; 4] = ["kb", "index", "data", "language"];

const PREFIX: &str = "YUNZHU_";

/// What one place says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Folder of the knowledge base.
    pub kb: Option<PathBuf>,
    /// Folder of the index.
    pub index: Option<PathBuf>,
    /// Folder of the database.
    pub data: Option<PathBuf>,
    /// Language of what is said to people.
    pub language: Option<Language>,
}

impl Layer {
    /// This, and what it leaves open from the other.
    pub fn over(self, other: Self) -> Self {
        Self {
            kb: self.kb.or(other.kb),
            index: self.index.or(other.index),
            data: self.data.or(other.data),
            language: self.language.or(other.language),
        }
    }
}

/// What a file says. Its relative paths start at its own folder, so that it means the same wherever it is used.
pub fn from_file(file: &Path) -> Result<Layer, ConfigError> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| ConfigError::Unreadable { file: file.to_owned(), reason: error.to_string() })?;
    let mut layer: Layer = toml::from_str(&text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or("");
        let line = before.matches('\n').count() + 1;
        let reason = error.message().replace('\n', " ");
        ConfigError::File { file: file.to_owned(), line, reason }
    })?;
    let home = file.parent().unwrap_or(Path::new(""));
    for path in [&mut layer.kb, &mut layer.index, &mut layer.data].into_iter().flatten() {
        *path = home.join(&*path);
    }
    Ok(layer)
}

/// What the environment says.
#[derive(Default)]
pub struct Environment {
    /// Settings from `YUNZHU_*`.
    pub layer: Layer,
    /// `YUNZHU_CONFIG`: which file to read.
    pub config: Option<PathBuf>,
    /// The language of the locale.
    pub locale: Option<Language>,
}

/// Reads the environment; a variable that is set to nothing is not set.
pub fn from_environment(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Environment, ConfigError> {
    let mut environment = Environment::default();
    let mut locale: [Option<OsString>; 3] = Default::default();
    for (name, value) in variables.filter(|(_, value)| !value.is_empty()) {
        let Some(name) = name.to_str() else { continue };
        match name.strip_prefix(PREFIX) {
            Some(key) => set(&mut environment, key, value)?,
            None => {
                if let Some(at) = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().position(|&known| known == name) {
                    locale[at] = Some(value);
                }
            }
        }
    }
    let locale = locale.into_iter().flatten().next();
    environment.locale = locale.as_ref().and_then(|value| Language::of_locale(value.to_str()?));
    Ok(environment)
}

fn set(environment: &mut Environment, key: &str, value: OsString) -> Result<(), ConfigError> {
    let error = |reason| ConfigError::Environment { variable: format!("{PREFIX}{key}"), reason };
    let layer = &mut environment.layer;
    match key {
        "KB" => layer.kb = Some(value.into()),
        "INDEX" => layer.index = Some(value.into()),
        "DATA" => layer.data = Some(value.into()),
        "LANGUAGE" => layer.language = Some(value.to_string_lossy().parse().map_err(error)?),
        "CONFIG" => environment.config = Some(value.into()),
        // Kubernetes sets these in every container beside a service that is called yunzhu.
        _ if key.starts_with("SERVICE_") || key == "PORT" || key.starts_with("PORT_") => {}
        _ => {
            let known = KEYS.map(|key| format!("{PREFIX}{}", key.to_uppercase())).join(", ");
            return Err(error(format!("unknown setting, known are {known}, {PREFIX}CONFIG")));
        }
    }
    Ok(())
}
