//! Signatures: `v1,` and the base64 of HMAC-SHA-256 over `id.timestamp.body`.
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// What a symmetric secret begins with.
const PREFIX: &str = "whsec_";

/// A secret that signs calls.
#[derive(Clone)]
pub struct Secret(hmac::Key);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// Reads `whsec_` and the base64 of 24 to 64 bytes; blanks around it are dropped.
    ///
    /// # Errors
    /// How it should look; never the secret itself.
    pub fn parse(text: &str) -> Result<Self, String> {
        let advice = "must be `whsec_` and the base64 of 24 to 64 random bytes";
        let encoded =
            text.trim().strip_prefix(PREFIX).ok_or_else(|| format!("{advice}; `whsec_` is missing"))?;
        let bytes = STANDARD.decode(encoded).map_err(|_| format!("{advice}; this is no base64"))?;
        if !(24..=64).contains(&bytes.len()) {
            return Err(format!("{advice}; this has {}", bytes.len()));
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }
}

/// The header `webhook-signature`: one signature per secret, the first with the newest, separated by
/// blanks, so that both ends can change secrets one after the other. `timestamp` is in seconds.
#[must_use]
pub fn sign(secrets: &[Secret], id: &str, timestamp: i64, body: &str) -> String {
    let signed = format!("{id}.{timestamp}.{body}");
    let one = |secret: &Secret| format!("v1,{}", STANDARD.encode(hmac::sign(&secret.0, signed.as_bytes())));
    secrets.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    #[test]
    fn the_specifications_example_is_signed_as_it_says() {
        let secret = Secret::parse(&format!(" {SECRET}\n")).unwrap();
        let body = r#"{"email":"test@example.com","username":"test_user"}"#;
        let signature =
            sign(&[secret.clone(), secret], "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1_649_367_553, body);
        let one = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";
        assert_eq!(signature, format!("{one} {one}"));
    }

    #[test]
    fn a_bad_secret_is_refused_without_being_shown() {
        for bad in [
            "",
            "C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            "whsec_",
            "whsec_hunter2hunter2",
            "whsec_####hunter2",
            "whsk_x",
        ] {
            let why = Secret::parse(bad).unwrap_err();
            assert!(!why.contains("hunter2") && why.contains("whsec_"), "{bad}: {why}");
        }
        assert_eq!(format!("{:?}", Secret::parse(SECRET)), "Ok(Secret(…))");
    }
}
