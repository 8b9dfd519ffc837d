use proptest::prelude::*;

use super::*;
use crate::entropy::Seeded;
use crate::keyring::tests::Counting;

/// Made from bytes 0, 1, 2, … by an independent implementation.
const TOKEN: &str = "kw_0123456789ABCDEF_23456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghi1UopqD";

fn prefix(text: &str) -> TokenPrefix {
    text.parse().unwrap()
}

fn format(prefix: &str, alphabet: Alphabet, length: u16) -> TextFormat {
    TextFormat::new(prefix, alphabet, length).unwrap()
}

/// The error alone: a token has no equality.
fn refusal(text: &str) -> Option<Malformed> {
    NativeToken::parse(text).err()
}

#[test]
fn known_token() {
    let (public_id, token) = NativeToken::generate(&prefix("kw"), &mut Counting(0));
    assert_eq!(token.expose(), TOKEN);
    assert_eq!(public_id, "kw_0123456789ABCDEF");
    let parsed = NativeToken::parse(TOKEN).unwrap();
    assert_eq!(parsed.prefix, "kw");
    assert_eq!(parsed.id, "0123456789ABCDEF");
    assert_eq!(parsed.secret, "23456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghi");
    assert_eq!(parsed.public_id, public_id);
}

#[test]
fn known_texts() {
    let summed = format("sk-", Alphabet::Base62, 20).with_checksum().unwrap();
    assert_eq!(summed.generate(&mut Counting(200)), "sk-EFGHIJKLMNOPQRSTUVWX4fZaxW");
    for (alphabet, text) in [
        (Alphabet::Base62, "stuvwxyz0123456789ABCDEFGHIJKLMN"),
        (Alphabet::Base62Dash, "wxyz0123456789-_ABCDEFGHIJKLMNOP"),
        (Alphabet::Upper, "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF"),
        (Alphabet::Hex, "0123456789abcdef0123456789abcdef"),
        (Alphabet::Base32, "QRSTUVWXYZ234567ABCDEFGHIJKLMNOP"),
        (Alphabet::Base64_24, "stuvwxyz0123456789ABCDEFGHIJKLMN"),
    ] {
        assert_eq!(format("", alphabet, 32).generate(&mut Counting(240)), text, "{alphabet:?}");
    }
}

/// The published check value of this CRC is 0xCBF43926 for `123456789`.
#[test]
fn the_checksum_is_crc_32_in_base_62() {
    let value = checksum(b"123456789").iter().fold(0_u64, |value, byte| {
        value * 62 + Alphabet::Base62.characters().bytes().position(|digit| digit == *byte).unwrap() as u64
    });
    assert_eq!(value, 0xCBF4_3926);
    assert_eq!(&checksum(b""), b"000000");
}

proptest! {
    #[test]
    fn a_native_token_round_trips(prefix in "[a-z][a-z0-9]{1,11}", seed: u64) {
        let (public_id, token) = NativeToken::generate(&prefix.parse().unwrap(), &mut Seeded::new(seed));
        let text = token.expose();
        let parsed = NativeToken::parse(text).unwrap();
        prop_assert_eq!(parsed.public_id, public_id);
        prop_assert_eq!(format!("{}_{}", parsed.prefix, parsed.id), parsed.public_id);
        prop_assert_eq!(format!("{}_{}", parsed.public_id, parsed.secret), &text[..text.len() - 6]);
        prop_assert_eq!((parsed.prefix, parsed.id.len(), parsed.secret.len()), (prefix.as_str(), 16, 43));
    }

    #[test]
    fn junk_is_refused(text in "(?s).{0,100}", close in "[a-z0-9_éA\\x00]{60,85}") {
        prop_assert!(NativeToken::parse(&text).is_err());
        prop_assert!(NativeToken::parse(&close).is_err());
    }

    #[test]
    fn what_a_format_makes_it_accepts(
        prefix in "[A-Za-z0-9_-]{0,12}", alphabet in 0..5_usize, length in 1_u16..=256, sum: bool, seed: u64,
    ) {
        let mut made = format(&prefix, Alphabet::ALL[alphabet], length);
        if sum {
            made = made.with_checksum().unwrap();
        }
        let text = made.generate(&mut Seeded::new(seed));
        prop_assert_eq!(text.len(), made.text_length());
        prop_assert!(text.starts_with(&prefix));
        prop_assert!(made.accepts(&text), "{}", text);
        let longer = format!("{text}0");
        prop_assert!(!made.accepts(&longer));
        prop_assert!(!made.accepts(&text[1..]));
        let foreign = format!("{}!", &text[..text.len() - 1]);
        prop_assert!(!made.accepts(&foreign));
    }
}

#[test]
fn every_change_of_one_character_is_refused() {
    let others = (0..128_u8).map(char::from).chain(['é', 'ſ', '\u{202e}', '０']);
    for other in others {
        for at in 0..TOKEN.len() {
            let changed = format!("{}{other}{}", &TOKEN[..at], &TOKEN[at + 1..]);
            assert_eq!(NativeToken::parse(&changed).is_ok(), changed == TOKEN, "{changed:?}");
            let inserted = format!("{}{other}{}", &TOKEN[..at], &TOKEN[at..]);
            assert!(NativeToken::parse(&inserted).is_err(), "{inserted:?}");
        }
    }
    for at in 0..TOKEN.len() - 1 {
        let removed = format!("{}{}", &TOKEN[..at], &TOKEN[at + 1..]);
        assert!(NativeToken::parse(&removed).is_err(), "{removed:?}");
        let mut swapped = TOKEN.as_bytes().to_vec();
        swapped.swap(at, at + 1);
        let swapped = String::from_utf8(swapped).unwrap();
        assert_eq!(NativeToken::parse(&swapped).is_ok(), swapped == TOKEN, "{swapped:?}");
    }
}

#[test]
fn a_refusal_says_why() {
    assert_eq!(refusal(""), Some(Malformed::Length));
    assert_eq!(refusal(&"a".repeat(1024 * 1024)), Some(Malformed::Length));
    assert_eq!(refusal(&TOKEN[1..]), Some(Malformed::Length));
    assert_eq!(refusal(&TOKEN.replace("kw_", "Kw_")), Some(Malformed::Prefix));
    assert_eq!(refusal(&TOKEN.replace("kw_", "4w_")), Some(Malformed::Prefix));
    assert_eq!(refusal(&"\0".repeat(70)), Some(Malformed::Prefix));
    assert_eq!(refusal(&TOKEN.replace("_0123", "-0123")), Some(Malformed::Charset));
    assert_eq!(refusal(&TOKEN.replace("_23", "-23")), Some(Malformed::Charset));
    assert_eq!(refusal(&TOKEN.replace("45", "é")), Some(Malformed::Charset));
    assert_eq!(refusal(&TOKEN.replace("ABC", "A\0C")), Some(Malformed::Charset));
    assert_eq!(refusal(&TOKEN.replace("kw_", "kv_")), Some(Malformed::Checksum));
    assert_eq!(refusal(&TOKEN.replace("qD", "qE")), Some(Malformed::Checksum));
}

#[test]
fn debug_hides_the_secret() {
    let shown = format!("{:?}", NativeToken::parse(TOKEN).unwrap());
    assert!(shown.contains("kw_0123456789ABCDEF"), "{shown}");
    assert!(!shown.contains("23456789ABCDEFGH"), "{shown}");
}

#[test]
fn a_prefix_is_two_to_twelve_lower_case_characters() {
    for good in ["kw", "k2", "abcdefghijkl"] {
        assert_eq!(good.parse::<TokenPrefix>().unwrap().as_str(), good);
    }
    for bad in ["", "k", "2k", "Kw", "k_w", "k-w", "abcdefghijklm", "ké"] {
        let error = bad.parse::<TokenPrefix>().unwrap_err().to_string();
        assert!(error.contains("2 to 12 characters"), "{error}");
    }
}

#[test]
fn formats_are_read_from_a_profile() {
    let read: TextFormat =
        toml::from_str("prefix = \"AK\"\nalphabet = \"base62_dash\"\nlength = 10\nchecksum = true").unwrap();
    assert_eq!(read, format("AK", Alphabet::Base62Dash, 10).with_checksum().unwrap());
    let plain: TextFormat = toml::from_str("alphabet = \"base64_24\"\nlength = 32").unwrap();
    assert_eq!(plain, format("", Alphabet::Base64_24, 32));
    for format in [read, plain] {
        let written = toml::to_string(&format).unwrap();
        assert_eq!(toml::from_str::<TextFormat>(&written).unwrap(), format);
    }
    for (bad, why) in [
        ("alphabet = \"upper\"\nlength = 0", "from 1 to 256"),
        ("alphabet = \"upper\"\nlength = 257", "from 1 to 256"),
        ("alphabet = \"hex\"\nlength = 8\nprefix = \"a:\"", "at most 12 characters"),
        ("alphabet = \"hex\"\nlength = 8\nprefix = \"abcdefghijklm\"", "at most 12 characters"),
        ("alphabet = \"base64_24\"\nlength = 31", "its length is 32"),
        ("alphabet = \"base64_24\"\nlength = 32\nchecksum = true", "no checksum"),
        ("alphabet = \"base64_24\"\nlength = 32\nprefix = \"s\"", "no prefix"),
        ("alphabet = \"base58\"\nlength = 32", "unknown variant"),
        ("alphabet = \"hex\"\nlength = 8\nlenght = 9", "unknown field"),
    ] {
        let error = toml::from_str::<TextFormat>(bad).unwrap_err().to_string();
        assert!(error.contains(why), "{bad}: {error}");
    }
}

#[test]
fn base64_24_is_base64_of_24_bytes() {
    use base64::Engine as _;
    let secret = format("", Alphabet::Base64_24, 32).generate(&mut Seeded::new(7));
    assert_eq!(base64::engine::general_purpose::STANDARD.decode(secret).unwrap().len(), 24);
}

#[test]
fn a_changed_checksum_is_not_accepted() {
    let summed = format("sk-", Alphabet::Base62, 20).with_checksum().unwrap();
    let text = summed.generate(&mut Seeded::new(3));
    for at in 3..text.len() {
        let other = if text.as_bytes()[at] == b'x' { 'y' } else { 'x' };
        assert!(!summed.accepts(&format!("{}{other}{}", &text[..at], &text[at + 1..])));
    }
}

#[test]
fn bits_are_those_of_the_random_part() {
    assert_eq!(format("", Alphabet::Base62, 43).bits(), 256);
    assert_eq!(format("prefix", Alphabet::Hex, 32).with_checksum().unwrap().bits(), 128);
    assert_eq!(format("", Alphabet::Upper, 32).bits(), 150);
}

/// An alphabet's own list and its test of a character are written twice: they have to agree.
#[test]
fn an_alphabet_contains_exactly_its_characters() {
    for alphabet in Alphabet::ALL {
        for byte in 0..=255_u8 {
            assert_eq!(
                alphabet.contains(byte),
                alphabet.characters().bytes().any(|c| c == byte),
                "{alphabet:?} {byte}"
            );
        }
    }
}

/// Pearson's χ² over 1000 expected draws of each character: with k characters its mean is k − 1 and its deviation
/// √(2(k − 1)). Taking remainders without rejection gives more than 300 for 62 characters.
#[test]
fn every_character_is_as_likely_as_any_other() {
    for alphabet in Alphabet::ALL {
        let characters = alphabet.characters();
        let mut text = String::new();
        alphabet.draw(1000 * characters.len(), &mut text, &mut Seeded::new(11));
        let chi_square: i64 = characters
            .bytes()
            .map(|c| i64::try_from(text.bytes().filter(|byte| *byte == c).count()).unwrap() - 1000)
            .map(|difference| difference * difference)
            .sum::<i64>()
            / 1000;
        let freedom = i64::try_from(characters.len()).unwrap() - 1;
        assert!((chi_square - freedom).pow(2) < 25 * 2 * freedom, "{alphabet:?}: {chi_square} for {freedom}");
    }
}
