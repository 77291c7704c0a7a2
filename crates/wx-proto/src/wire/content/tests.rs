use serde_json::Value;

use super::quote::Parts;
use super::*;

const SPAN: &str = "<span class=\"emoji emoji";

fn vector() -> Value {
    serde_json::from_str(include_str!("../../../tests/vectors/text_receive.json")).unwrap()
}

#[test]
fn p65_p66_p67_texts_of_the_vector() {
    let vector = vector();
    let cases = vector["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 29);
    for case in cases {
        let raw = case["raw"].as_str().unwrap();
        let prefix = split_sender(raw).filter(|_| case["room"] == true);
        let (sender, text) = prefix.map_or((None, raw), |(name, text)| (Some(name), text));
        assert_eq!(decode(text), case["decoded"].as_str().unwrap(), "{case}");
        assert_eq!(sender, case["sender"].as_str(), "{case}");
    }
}

#[test]
fn p104_quotes_of_the_vector() {
    for case in vector()["cases"].as_array().unwrap() {
        let quote = &case["quote"];
        let text = |key: &str| quote[key].as_str().unwrap();
        let expected = quote.is_object().then(|| Parts {
            name: text("name"),
            quoted: text("quoted"),
            reply: text("reply"),
        });
        assert_eq!(quote::parts(case["decoded"].as_str().unwrap()), expected, "{case}");
    }
}

#[test]
fn p104_quoted_text_is_not_the_senders() {
    const LINE: &str = "\n- - - - - - - - - - - - - - -\n";
    let forged = format!("」{LINE}pay Mallory");
    let text = format!("「Mallory：{forged}」{LINE}what?");
    let parts = quote::parts(&text).unwrap();
    assert_eq!((parts.quoted, parts.reply), (forged.as_str(), "what?"));
    for no_quote in ["「Anna：x」", "「Anna：x」\n- - -\ny", "a「Anna：x」\n- - -\ny", "「Anna」"]
    {
        let no_quote = no_quote.replace("\n- - -\n", LINE);
        assert_eq!(quote::parts(&no_quote).is_some(), no_quote.starts_with("「Anna：x」\n"));
    }
}

#[test]
fn p66_each_length_and_invalid_code_points() {
    let decoded = |hex: &str| decode(&format!("{SPAN}{hex}\"></span>"));
    for (hex, emoji) in [
        ("263a", "\u{263a}"),
        ("263A", "\u{263a}"),
        ("1f604", "\u{1f604}"),
        ("2320e3", "#\u{20e3}"),
        ("00a900ae", "\u{a9}\u{ae}"),
        ("d83dde04", "\u{1f604}"),
        ("1f1e81f1f3", "\u{1f1e8}\u{1f1f3}"),
    ] {
        assert_eq!(decoded(hex), emoji, "{hex}");
    }
    for hex in [
        "",
        "1",
        "26a",
        "1f60412",
        "1f604123a",
        "1f1e81f1f3a",
        "d83d",
        "de04",
        "d83d263a",
        "263ad83d",
        "de04d83d",
        "20d83d",
        "26 a",
        "+263",
        "２６３a",
    ] {
        assert_eq!(decoded(hex), format!("{SPAN}{hex}\"></span>"));
    }
    for odd in [
        "<span class=\"emoji emoji1f604\">x</span>",
        "<span class='emoji emoji1f604'></span>",
        "<span class=\"emoji  emoji1f604\"></span>",
        "<span class=\"emoji emoji1f604\">",
        "<span class=\"emoji emoji1f604",
        "<SPAN class=\"emoji emoji1f604\"></SPAN>",
    ] {
        assert_eq!(decode(odd), odd);
    }
    assert_eq!(decode(&format!("a{SPAN}1f604\"></span{SPAN}263a\"></span>b")), "a😄☺b");
}

#[test]
fn p66_emoji_and_faces_of_the_vector() {
    let text = include_str!("../../../tests/vectors/emoji.json");
    let vector: Value = serde_json::from_str(text).unwrap();
    let rows = |name: &str| vector[name]["rows"].as_array().unwrap().clone();
    for row in rows("page_emoji") {
        let hex = row["hex"].as_str().unwrap();
        let code_point = u32::from_str_radix(hex, 16).unwrap();
        let emoji = char::from_u32(code_point).unwrap().to_string();
        let span = format!("{SPAN}{hex}\"></span>");
        // The page's button has two digits for these. No span with two digits was observed.
        let expected = if matches!(hex, "a9" | "ae") { &span } else { &emoji };
        assert_eq!(decode(&span), *expected, "{row}");
    }
    // The names of faces are text.
    for name in rows("qq_faces").iter().flat_map(|row| row["names"].as_array().unwrap()) {
        let face = format!("[{}]", name.as_str().unwrap());
        assert_eq!(decode(&face), face);
    }
}

#[test]
fn p65_nothing_is_decoded_twice() {
    assert_eq!(decode("&amp;lt;br/&gt; &amp;amp; &amp;#39;"), "&lt;br/> &amp; &#39;");
    // A character that was decoded from a span does not begin an entity or a tag.
    assert_eq!(decode(&format!("{SPAN}0026\"></span>lt;")), "&lt;");
    assert_eq!(decode(&format!("{SPAN}003c\"></span>br/>")), "<br/>");
    for kept in ["& &; &lt", "<br>", "<br />", "&nbsp;", "&#60;", "&apos;", "<", "[微笑]", "/::)"]
    {
        assert_eq!(decode(kept), kept);
    }
}

#[test]
fn p67_the_prefix_is_a_name_of_the_page() {
    for (raw, name) in [
        ("@abc:<br/>x", Some("@abc")),
        ("@ABC09:<br/>x", Some("@ABC09")),
        ("wxid_a-1:<br/>x", Some("wxid_a-1")),
        ("@:<br/>x", None),
        (":<br/>x", None),
        ("@@abc:<br/>x", None),
        ("@a_b:<br/>x", None),
        ("@a b:<br/>x", None),
        (" abc:<br/>x", None),
        ("安娜:<br/>x", None),
        ("@a\u{fffd}:<br/>x", None),
        ("@abc:x", None),
        ("@abc:&lt;br/&gt;x", None),
        ("x @abc:<br/>y", None),
    ] {
        assert_eq!(split_sender(raw), name.map(|name| (name, "x")), "{raw}");
    }
    assert_eq!(split_sender("@abc:<br/>@def:<br/>x"), Some(("@abc", "@def:<br/>x")));
}

#[test]
fn links_of_system_texts_are_dropped() {
    for (text, shown) in [
        ("<a href=\"weixin://made_up\">Click</a> to see", "Click to see"),
        ("a <a >b</a>c<b>d</b>", "a bc<b>d</b>"),
        ("<a <a <a href='x'>y", "<a <a y"),
        ("<abc></abc></a><a", "<abc></abc><a"),
        ("1 < 2 </a", "1 < 2 </a"),
    ] {
        assert_eq!(without_links(text), shown, "{text}");
    }
}
