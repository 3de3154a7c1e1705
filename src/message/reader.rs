//! Whose language a message is in.

use crate::ruleset::{Message, Variant};

/// Languages by their codes of two letters (ISO 639-1), in order.
const LANGUAGES: &str = "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu \
    cv cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz \
    ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu \
    lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn \
    ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty \
    ug uk ur uz ve vi vo wa wo xh yi yo za zh zu";

/// A language as it is compared: `es-MX` and `es_mx` are `es-mx`. `None` for what is no language of
/// ISO 639-1, with parts of two to eight letters or digits behind it.
#[must_use]
pub fn language_tag(text: &str) -> Option<String> {
    let tag = text.trim().to_ascii_lowercase().replace('_', "-");
    let mut parts = tag.split('-');
    let known = parts.next().is_some_and(|first| LANGUAGES.split_ascii_whitespace().any(|one| one == first));
    let fits = |part: &str| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    (known && parts.all(fits)).then_some(tag)
}

/// The words of a message for a reader, none for the ones that serve everybody: those of their language
/// as it is said, then of ever less of it (`zh-hant-tw`, `zh-hant`, `zh`). A language alone is first
/// looked for with the country, for `language` is often `pt` where the country is `BR`.
#[must_use]
pub fn variant_for<'m>(
    message: &'m Message,
    language: Option<&str>,
    country: Option<&str>,
) -> Option<&'m Variant> {
    let tag = language_tag(language?)?;
    let of = |tag: &str| message.variants.iter().find(|variant| variant.language == tag);
    let national = country.filter(|_| !tag.contains('-')).map(|country| format!("{tag}-{}", country.trim()));
    if let Some(found) = national.and_then(|tag| of(&tag.to_ascii_lowercase())) {
        return Some(found);
    }
    let mut tag = tag.as_str();
    loop {
        if let Some(found) = of(tag) {
            return Some(found);
        }
        tag = tag.rsplit_once('-')?.0;
    }
}

#[cfg(test)]
mod tests {
    use super::language_tag;

    #[test]
    fn a_language_is_compared_without_its_spelling() {
        for (text, tag) in [
            ("es", Some("es")),
            (" ES_mx ", Some("es-mx")),
            ("zh-Hant-TW", Some("zh-hant-tw")),
            ("es-419", Some("es-419")),
            ("Spanish", None),
            ("sp", None),
            ("old", None),
            ("es-", None),
            ("es-x", None),
            ("aa ab", None),
            ("", None),
            ("-", None),
            ("é", None),
        ] {
            assert_eq!(language_tag(text).as_deref(), tag, "{text:?}");
        }
    }
}
