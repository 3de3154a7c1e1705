//! What the page to unsubscribe says, in the languages that it speaks.

/// The page's words; `{by}` stands for the channel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    /// The language's code.
    pub(super) language: &'static str,
    pub(super) title: &'static str,
    pub(super) asks: &'static str,
    pub(super) button: &'static str,
    pub(super) keeps: &'static str,
    pub(super) done: &'static str,
    pub(super) stays: &'static str,
    pub(super) unknown: &'static str,
    pub(super) complete: &'static str,
    pub(super) again: &'static str,
}

const ENGLISH: Words = Words {
    language: "en",
    title: "Unsubscribe",
    asks: "Do you want to get no more news and offers from us {by}?",
    button: "Unsubscribe",
    keeps: "Receipts and messages about your orders still reach you.",
    done: "You are unsubscribed",
    stays: "You will get no more news and offers from us {by}.",
    unknown: "This link does not work",
    complete: "Perhaps a part of it is missing. Please open it again from the message, or write to us.",
    again: "That did not work just now. Please try again in a moment.",
};

const OTHERS: [Words; 6] = [
    Words {
        language: "de",
        title: "Abmelden",
        asks: "Möchten Sie {by} keine Neuigkeiten und Angebote mehr von uns bekommen?",
        button: "Abmelden",
        keeps: "Belege und Nachrichten zu Ihren Bestellungen bekommen Sie weiterhin.",
        done: "Sie sind abgemeldet",
        stays: "Sie bekommen {by} keine Neuigkeiten und Angebote mehr von uns.",
        unknown: "Dieser Link funktioniert nicht",
        complete: "Vielleicht fehlt ein Teil davon. Bitte öffnen Sie ihn noch einmal aus der Nachricht, oder schreiben Sie uns.",
        again: "Das hat gerade nicht geklappt. Bitte versuchen Sie es gleich noch einmal.",
    },
    Words {
        language: "fr",
        title: "Désinscription",
        asks: "Souhaitez-vous ne plus recevoir nos actualités et nos offres {by} ?",
        button: "Me désinscrire",
        keeps: "Vous recevrez toujours les reçus et les messages concernant vos commandes.",
        done: "Vous êtes désinscrit(e)",
        stays: "Vous ne recevrez plus nos actualités ni nos offres {by}.",
        unknown: "Ce lien ne fonctionne pas",
        complete: "Il en manque peut-être une partie. Ouvrez-le à nouveau depuis le message, ou écrivez-nous.",
        again: "Cela n’a pas fonctionné. Veuillez réessayer dans un instant.",
    },
    Words {
        language: "es",
        title: "Darse de baja",
        asks: "¿Quiere dejar de recibir nuestras novedades y ofertas {by}?",
        button: "Darme de baja",
        keeps: "Seguirá recibiendo los recibos y los mensajes sobre sus pedidos.",
        done: "Se ha dado de baja",
        stays: "Ya no recibirá nuestras novedades y ofertas {by}.",
        unknown: "Este enlace no funciona",
        complete: "Quizá falte una parte. Ábralo de nuevo desde el mensaje o escríbanos.",
        again: "No ha funcionado. Inténtelo de nuevo en un momento.",
    },
    Words {
        language: "it",
        title: "Annulla l’iscrizione",
        asks: "Vuole smettere di ricevere le nostre novità e offerte {by}?",
        button: "Annulla l’iscrizione",
        keeps: "Continuerà a ricevere le ricevute e i messaggi sui suoi ordini.",
        done: "Iscrizione annullata",
        stays: "Non riceverà più le nostre novità e offerte {by}.",
        unknown: "Questo link non funziona",
        complete: "Forse ne manca una parte. Lo apra di nuovo dal messaggio, oppure ci scriva.",
        again: "Non ha funzionato. Riprovi tra un momento.",
    },
    Words {
        language: "nl",
        title: "Afmelden",
        asks: "Wilt u {by} geen nieuws en aanbiedingen meer van ons ontvangen?",
        button: "Afmelden",
        keeps: "Bonnen en berichten over uw bestellingen blijft u ontvangen.",
        done: "U bent afgemeld",
        stays: "U ontvangt {by} geen nieuws en aanbiedingen meer van ons.",
        unknown: "Deze link werkt niet",
        complete: "Misschien ontbreekt er een deel. Open hem opnieuw vanuit het bericht, of schrijf ons.",
        again: "Dat lukte zojuist niet. Probeer het zo nog eens.",
    },
    Words {
        language: "pt",
        title: "Cancelar a inscrição",
        asks: "Quer deixar de receber as nossas novidades e ofertas {by}?",
        button: "Cancelar a inscrição",
        keeps: "Continuará a receber os recibos e as mensagens sobre as suas encomendas.",
        done: "Inscrição cancelada",
        stays: "Não receberá mais as nossas novidades e ofertas {by}.",
        unknown: "Este link não funciona",
        complete: "Talvez falte uma parte. Abra-o de novo a partir da mensagem ou escreva-nos.",
        again: "Não funcionou. Tente de novo dentro de momentos.",
    },
];

/// Languages of an `Accept-Language` that are looked at.
const MOST_LANGUAGES: usize = 32;

/// The words in the first of these languages that there are words in: the customer's `language` (`de`, `pt-BR`,
/// `FR`), then what their browser asks for (`Accept-Language`, RFC 9110, 12.5.4); English for any other.
pub(super) fn words(language: Option<&str>, accepts: Option<&str>) -> &'static Words {
    let spoken = |tag: &str| {
        let asked = tag.split(['-', '_']).next().unwrap_or_default().trim().to_ascii_lowercase();
        OTHERS.iter().chain([&ENGLISH]).find(|words| words.language == asked)
    };
    let of_browser = || by_preference(accepts.unwrap_or_default()).into_iter().find_map(spoken);
    language.and_then(spoken).or_else(of_browser).unwrap_or(&ENGLISH)
}

/// The languages of an `Accept-Language`, the dearest first; those that are refused (`q=0`) left out.
fn by_preference(accepts: &str) -> Vec<&str> {
    let weighed = |range: &str| {
        let rest = range.split_once(';').map_or("", |(_, rest)| rest);
        let weight = rest.trim().strip_prefix("q=").map_or(Some(1.0), |weight| weight.parse::<f32>().ok())?;
        (weight > 0.0).then_some(weight)
    };
    let mut all: Vec<(f32, &str)> = accepts
        .split(',')
        .take(MOST_LANGUAGES)
        .filter_map(|range| Some((weighed(range)?, range.split(';').next()?.trim())))
        .collect();
    all.sort_by(|one, next| next.0.total_cmp(&one.0));
    all.into_iter().map(|(_, tag)| tag).collect()
}

impl Words {
    /// How a channel's messages come: only the two that every shop calls the same have a word.
    pub(super) fn by(&self, channel: &str) -> String {
        let (email, sms, other) = match self.language {
            "de" => ("per E-Mail", "per SMS", "auf diesem Weg"),
            "fr" => ("par e-mail", "par SMS", "par ce canal"),
            "es" => ("por correo electrónico", "por SMS", "por este canal"),
            "it" => ("via e-mail", "via SMS", "su questo canale"),
            "nl" => ("per e-mail", "per sms", "via dit kanaal"),
            "pt" => ("por e-mail", "por SMS", "por este canal"),
            _ => ("by e-mail", "by SMS", "this way"),
        };
        match channel {
            "email" => email,
            "sms" => sms,
            _ => other,
        }
        .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_customers_language_comes_first_then_the_browsers_then_english() {
        for (language, accepts, spoken) in [
            (Some("de"), Some("fr"), "de"),
            (Some("ja"), Some("fr-CA, en;q=0.8"), "fr"),
            (Some("en"), Some("fr"), "en"),
            (None, Some("ja, en;q=0.4, es-MX;q=0.7"), "es"),
            (None, Some("de;q=0, *;q=0.1, it ; q=0.5"), "it"),
            (None, Some("de;q=much, PT"), "pt"),
            (None, Some(";;,,q=1"), "en"),
            (None, None, "en"),
        ] {
            assert_eq!(words(language, accepts).language, spoken, "{language:?} {accepts:?}");
        }
    }
}
