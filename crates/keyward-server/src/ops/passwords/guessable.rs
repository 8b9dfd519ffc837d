//! What comes to a guesser's mind first: not a list of whole passwords, which long ones would miss, but of what they are
//! made of. A password is refused when too little of it is anything else.

/// How many characters must not be explained: as many as make a short password that nobody wrote down.
const UNEXPLAINED: usize = 6;
/// The shortest piece that counts as explained.
const PIECE: usize = 3;

/// Whether `password` is made of common passwords, rows of characters, repetitions, and words of `about`.
pub(super) fn is_guessable(password: &str, about: &[&str]) -> bool {
    let own: Vec<Vec<char>> = about
        .iter()
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()))
        .map(|word| word.to_lowercase().chars().collect())
        .filter(|word: &Vec<char>| word.len() >= PIECE)
        .collect();
    let plain: Vec<char> =
        password.to_lowercase().chars().filter(|c| c.is_alphanumeric() || LOOKALIKES.contains(c)).collect();
    let read: Vec<char> = plain.iter().map(|c| read_as(*c)).collect();
    unexplained(&plain, &own).min(unexplained(&read, &own)) < UNEXPLAINED
}

/// How many characters are left when everything that can be explained is taken away, from left to right.
fn unexplained(text: &[char], own: &[Vec<char>]) -> usize {
    let (mut at, mut left) = (0, 0);
    while at < text.len() {
        let explained = word(&text[at..], own).max(row(&text[at..])).max(repetition(text, at));
        if explained >= PIECE {
            at += explained;
        } else {
            at += 1;
            left += 1;
        }
    }
    left
}

/// The length of the longest known word at the start of `text`.
fn word(text: &[char], own: &[Vec<char>]) -> usize {
    let common = COMMON.iter().map(|word| common_prefix(text, word.chars(), word.len()));
    let own = own.iter().map(|word| common_prefix(text, word.iter().copied(), word.len()));
    common.chain(own).max().unwrap_or(0)
}

/// `length` when `text` begins with the whole word, otherwise nothing.
fn common_prefix(text: &[char], word: impl Iterator<Item = char>, length: usize) -> usize {
    let same = text.iter().zip(word).take_while(|(a, b)| **a == *b).count();
    if same == length { length } else { 0 }
}

/// The length of the row at the start of `text`: equal characters, consecutive ones, or neighbours on a keyboard.
fn row(text: &[char]) -> usize {
    let step = |pair: &[char]| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0]));
    let first = text.windows(2).next().map_or(2, step);
    let counted =
        if (-1..=1).contains(&first) { 1 + text.windows(2).take_while(|pair| step(pair) == first).count() } else { 0 };
    KEYBOARD.iter().map(|keys| along(text, keys)).max().unwrap_or(0).max(counted)
}

/// How far `text` follows `keys` from any place on, in either direction.
fn along(text: &[char], keys: &str) -> usize {
    let forward: Vec<char> = keys.chars().collect();
    let backward: Vec<char> = keys.chars().rev().collect();
    let longest = |keys: &[char]| {
        let follow = |from: usize| text.iter().zip(&keys[from..]).take_while(|(a, b)| a == b).count();
        (0..keys.len()).map(follow).max().unwrap_or(0)
    };
    longest(&forward).max(longest(&backward))
}

/// The length of the piece at `at` that stood in the text before.
fn repetition(text: &[char], at: usize) -> usize {
    let again = |from: usize| text[from..at].iter().zip(&text[at..]).take_while(|(a, b)| a == b).count();
    (0..at).map(again).max().unwrap_or(0)
}

/// The letter that a character often stands for.
const fn read_as(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

const LOOKALIKES: [char; 3] = ['!', '@', '$'];

const KEYBOARD: [&str; 8] = [
    "1234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "azertyuiop",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "1q2w3e4r5t6y7u8i9o0p",
];

/// What the most common passwords of published leaks are made of, and what stands on every desk: sorted.
#[rustfmt::skip]
const COMMON: &[&str] = &[
    "abc", "access", "admin", "administrator", "alex", "alexander", "amanda", "america", "andrea", "andrew", "angel",
    "anthony", "apple", "april", "arsenal", "ashley", "august", "austin", "autumn", "awesome", "babygirl", "bailey",
    "banana", "barcelona", "baseball", "basketball", "batman", "beautiful", "benjamin", "blink", "brandon", "buster",
    "butterfly", "changeme", "charlie", "cheese", "chelsea", "chocolate", "chris", "christian", "company", "computer",
    "cookie", "corvette", "cowboys", "dallas", "daniel", "december", "default", "demo", "diamond", "donald", "dragon",
    "eagles", "example", "family", "february", "ferrari", "fishing", "flower", "football", "forever", "freedom",
    "friday", "friends", "gateway", "george", "ginger", "golfer", "google", "guest", "hannah", "harley", "heather",
    "hello", "hockey", "hunter", "iceman", "iloveyou", "internet", "jackson", "jaguar", "january", "jasmine",
    "jennifer", "jessica", "jesus", "johnny", "jordan", "joshua", "july", "june", "justin", "keyward", "killer",
    "lakers", "letmein", "linkedin", "liverpool", "login", "london", "love", "lovely", "madison", "maggie", "manager",
    "march", "marina", "martin", "master", "matrix", "matthew", "maverick", "mercedes", "merlin", "michael",
    "michelle", "mickey", "midnight", "minecraft", "monday", "money", "monkey", "monster", "morgan", "mustang",
    "myspace", "naruto", "nicole", "november", "october", "oliver", "orange", "passme", "passphrase", "passw",
    "password", "passwort", "patrick", "peanut", "pepper", "phoenix", "pokemon", "porsche", "prince", "princess",
    "purple", "qazwsx", "rachel", "rainbow", "ranger", "robert", "root", "samantha", "samsung", "scooter", "secret",
    "security", "september", "server", "shadow", "silver", "slipknot", "snoopy", "soccer", "softball", "spiderman",
    "spring", "starwars", "steelers", "summer", "sunday", "sunshine", "superman", "system", "taylor", "test",
    "thomas", "thunder", "thursday", "tigger", "tinkerbell", "trustno", "tuesday", "tweety", "user", "vanessa",
    "victoria", "wednesday", "welcome", "whatever", "william", "willow", "winner", "winter", "yankees", "yellow",
    "zaq",
];

#[cfg(test)]
mod tests {
    use super::*;

    const ABOUT: &[&str] = &["ada.lovelace@example.com", "Ada Lovelace"];

    #[test]
    fn what_is_made_of_the_obvious_is_guessable() {
        for password in [
            "passwordpassword",
            "P@ssw0rd-P@ssw0rd",
            "password12345678",
            "123456789012345",
            "qwertyuiopasdfghjkl",
            "poiuytrewq098765",
            "aaaaaaaaaaaaaaaaaaaa",
            "x7Kx7Kx7Kx7Kx7Kx7K",
            "letmein-letmein-letmein",
            "adalovelace2026",
            "Lovelace.Ada.Lovelace!",
            "keyward-admin-2026",
            "1qaz2wsx3edc4rfv",
            "                    ",
            "ÄÖÜäöüÄÖÜäöüÄÖÜ",
        ] {
            assert!(is_guessable(password, ABOUT), "{password}");
        }
    }

    #[test]
    fn what_is_made_of_other_things_is_not() {
        for password in [
            "correct horse battery staple",
            "mosquito-teapot-gravel",
            "vK3#nq9!zzTr0p-Lw",
            "zwölf Boxkämpfer jagen Viktor",
            "password of the green mosquito",
            "仕事の鍵は青い箱の中にありますよね",
        ] {
            assert!(!is_guessable(password, ABOUT), "{password}");
        }
    }

    #[test]
    fn the_words_are_sorted_and_written_as_they_are_compared() {
        assert!(COMMON.is_sorted_by(|a, b| a < b));
        for word in COMMON {
            assert!(word.len() >= PIECE && word.chars().all(|c| c.is_ascii_lowercase()), "{word}");
        }
    }
}
