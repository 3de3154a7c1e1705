//! Headers that are sent along with a call, such as the key of an API.

use reqwest::header::{HeaderName, HeaderValue};

/// The longest value of a header, in bytes: more than many receivers take.
const LONGEST_VALUE: usize = 4_096;

/// A header whose value is a secret.
#[derive(Clone)]
pub struct SecretHeader {
    pub(super) name: HeaderName,
    pub(super) value: HeaderValue,
}

impl std::fmt::Debug for SecretHeader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretHeader({}: …)", self.name)
    }
}

impl SecretHeader {
    /// A header of a name that was checked, and a secret's text; blanks around it are dropped.
    ///
    /// # Errors
    /// What is wrong with the value, without the value itself.
    pub fn parse(name: &str, value: &str) -> Result<Self, String> {
        let value = value.trim();
        if value.is_empty() {
            return Err("is empty; it must be the value of a header".into());
        }
        if value.len() > LONGEST_VALUE {
            return Err(format!("is longer than {LONGEST_VALUE} bytes; no header can be so long"));
        }
        if !value.bytes().all(|b| b.is_ascii_graphic() || b == b' ') {
            return Err("must be one line of plain letters, digits and signs to be a header".into());
        }
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| "has no header to stand in")?;
        let mut value = HeaderValue::from_str(value).map_err(|_| "can be no header")?;
        value.set_sensitive(true);
        Ok(Self { name, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_plain_line_and_is_never_shown() {
        let header = SecretHeader::parse("x-api-key", " Bearer hunter2=\n").unwrap();
        assert_eq!((header.name.as_str(), header.value.to_str().unwrap()), ("x-api-key", "Bearer hunter2="));
        assert_eq!(format!("{header:?} {:?}", header.value), "SecretHeader(x-api-key: …) Sensitive");
        for bad in
            ["", " \n", "hunter2\r\nHost: x", "hunter2\nx", "hunté2", "hunter2\0", &"hunter2".repeat(600)]
        {
            let why = SecretHeader::parse("x-api-key", bad).unwrap_err();
            assert!(!why.contains("hunt"), "{why}");
        }
    }
}
