//! Who: names, countries, addresses that belong to nobody.

use super::random::Random;

/// A place where customers live.
#[derive(Debug, Clone, Copy)]
pub(super) struct Home {
    pub(super) country: &'static str,
    pub(super) language: &'static str,
    pub(super) zone: &'static str,
    /// Minutes east of Greenwich in winter: for waking hours, to which an hour more or less is nothing.
    pub(super) offset_minutes: i64,
    /// What fictional phone numbers begin with, and how many digits follow; none where no range is
    /// reserved for fiction.
    phone: Option<(&'static str, usize)>,
    first: &'static [&'static str],
    last: &'static [&'static str],
}

const SPANISH: (&[&str], &[&str]) = (
    &[
        "Ana", "Lucía", "Carmen", "Marta", "Elena", "Sofía", "Javier", "Carlos", "Diego", "Pablo", "Álvaro",
        "Hugo",
    ],
    &[
        "García",
        "Martínez",
        "López",
        "Sánchez",
        "Pérez",
        "Gómez",
        "Ruiz",
        "Díaz",
        "Moreno",
        "Muñoz",
        "Romero",
        "Navarro",
    ],
);
const GERMAN: (&[&str], &[&str]) = (
    &["Anna", "Lena", "Sophie", "Clara", "Greta", "Käthe", "Jonas", "Lukas", "Felix", "Max", "Jörg", "Paul"],
    &[
        "Müller",
        "Schmidt",
        "Schneider",
        "Fischer",
        "Weber",
        "Becker",
        "Wagner",
        "Hoffmann",
        "Koch",
        "Schäfer",
        "Krüger",
        "Wolf",
    ],
);
const FRENCH: (&[&str], &[&str]) = (
    &["Camille", "Léa", "Chloé", "Manon", "Inès", "Zoé", "Louis", "Hugo", "Jules", "Théo", "Noé", "Luc"],
    &[
        "Martin", "Bernard", "Dubois", "Petit", "Durand", "Leroy", "Moreau", "Simon", "Laurent", "Lefèvre",
        "Roux", "Fournier",
    ],
);
const ENGLISH: (&[&str], &[&str]) = (
    &[
        "Olivia", "Emma", "Amelia", "Grace", "Ruby", "Chloe", "Oliver", "Jack", "Harry", "Noah", "Liam",
        "Ethan",
    ],
    &[
        "Smith", "Jones", "Taylor", "Brown", "Wilson", "Davies", "Evans", "Walker", "O'Neil", "Wright",
        "Hall", "Green",
    ],
);
const PORTUGUESE: (&[&str], &[&str]) = (
    &[
        "Maria", "Beatriz", "Larissa", "Júlia", "Letícia", "Ana", "João", "Pedro", "Lucas", "Rafael",
        "Thiago", "Caio",
    ],
    &[
        "Silva", "Santos", "Oliveira", "Souza", "Lima", "Pereira", "Costa", "Almeida", "Araújo", "Rocha",
        "Dias", "Melo",
    ],
);
const INDIAN: (&[&str], &[&str]) = (
    &[
        "Aarav", "Priya", "Ananya", "Rohan", "Meera", "Vikram", "Isha", "Arjun", "Kavya", "Nikhil", "Divya",
        "Sanjay",
    ],
    &["Sharma", "Patel", "Singh", "Gupta", "Iyer", "Reddy", "Nair", "Khan", "Das", "Mehta", "Joshi", "Rao"],
);
const JAPANESE: (&[&str], &[&str]) = (
    &["Yui", "Hina", "Sakura", "Aoi", "Rin", "Mei", "Haruto", "Yuto", "Sota", "Ren", "Kaito", "Riku"],
    &[
        "Sato",
        "Suzuki",
        "Tanaka",
        "Ito",
        "Yamamoto",
        "Nakamura",
        "Kobayashi",
        "Kato",
        "Yoshida",
        "Mori",
        "Abe",
        "Ono",
    ],
);

/// Where customers live, by weight.
const HOMES: [(u32, Home); 10] = [
    (24, home("ES", "es", "Europe/Madrid", 60, None, SPANISH)),
    (18, home("DE", "de", "Europe/Berlin", 60, None, GERMAN)),
    (13, home("GB", "en", "Europe/London", 0, Some(("+447700900", 3)), ENGLISH)),
    (11, home("FR", "fr", "Europe/Paris", 60, None, FRENCH)),
    (9, home("US", "en", "America/New_York", -300, Some(("+12125550", 3)), ENGLISH)),
    (5, home("US", "en", "America/Los_Angeles", -480, Some(("+12135550", 3)), ENGLISH)),
    (5, home("BR", "pt", "America/Sao_Paulo", -180, None, PORTUGUESE)),
    (7, home("IN", "en", "Asia/Kolkata", 330, None, INDIAN)),
    (4, home("AU", "en", "Australia/Adelaide", 570, Some(("+6185550", 4)), ENGLISH)),
    (4, home("JP", "ja", "Asia/Tokyo", 540, None, JAPANESE)),
];

const fn home(
    country: &'static str,
    language: &'static str,
    zone: &'static str,
    offset_minutes: i64,
    phone: Option<(&'static str, usize)>,
    (first, last): (&'static [&'static str], &'static [&'static str]),
) -> Home {
    Home { country, language, zone, offset_minutes, phone, first, last }
}

/// Domains reserved for examples (RFC 2606).
const DOMAINS: [&str; 4] = ["example.com", "example.org", "example.net", "mail.example"];

/// A person.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) home: Home,
    pub(super) first_name: &'static str,
    pub(super) last_name: &'static str,
    pub(super) email: String,
    pub(super) phone: Option<String>,
}

/// Draws a person; `number` makes the address theirs alone.
pub(super) fn person(random: &mut Random, number: u32) -> Person {
    let home = random.weighted(&HOMES);
    let (first_name, last_name) = (*random.one_of(home.first), *random.one_of(home.last));
    let domain = random.one_of(&DOMAINS);
    let email = format!("{}.{}.{number}@{domain}", plain(first_name), plain(last_name));
    let digits = random.next();
    let phone = home.phone.map(|(prefix, count)| {
        let modulus = 10_u64.pow(u32::try_from(count).unwrap_or(1));
        // Of the American ranges only 0100 to 0199 is fictional.
        let digits = if prefix.starts_with("+1") { 100 + digits % 100 } else { digits % modulus };
        format!("{prefix}{digits:0count$}")
    });
    Person { home, first_name, last_name, email, phone }
}

/// A name in the letters of every mail server.
fn plain(name: &str) -> String {
    name.to_lowercase()
        .chars()
        .filter_map(|letter| match letter {
            'á' | 'ä' | 'ã' => Some('a'),
            'é' | 'è' => Some('e'),
            'í' => Some('i'),
            'ó' | 'ö' => Some('o'),
            'ú' | 'ü' => Some('u'),
            'ñ' => Some('n'),
            letter => letter.is_ascii_lowercase().then_some(letter),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_plain_and_everybody_has_their_own() {
        let mut seen = std::collections::HashSet::new();
        for number in 0..5_000 {
            let person = person(&mut Random::new(1, u64::from(number)), number);
            let (first, last) = (plain(person.first_name), plain(person.last_name));
            // No letter was lost: an accent that `plain` does not know would be.
            assert_eq!(first.len(), person.first_name.chars().count());
            assert_eq!(last.len(), person.last_name.chars().filter(|c| c.is_alphabetic()).count());
            assert!(person.email.is_ascii());
            assert!(seen.insert(person.email));
        }
    }

    #[test]
    fn zones_exist() {
        for (_, home) in &HOMES {
            assert!(jiff::tz::TimeZone::get(home.zone).is_ok(), "{}", home.zone);
        }
    }
}
