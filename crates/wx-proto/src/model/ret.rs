use std::fmt;

use serde::{Deserialize, Serialize};

/// The server's result code of a call, `BaseResponse.Ret` ([§7](crate::protocol#s7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ret(pub i64);

/// The class of a [`Ret`], which determines the caller's options ([P49](crate::protocol#p49)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetClass {
    /// 0.
    Ok,
    /// 1100, 1101, 1102, −14: the login is over.
    LoginAgain,
    /// 1205: too frequent. It is never retried at once ([P51](crate::protocol#p51)).
    RateLimited,
    /// −1: a temporary problem of the server.
    Transient,
    /// All other codes, known or not.
    Permanent,
}

impl Ret {
    /// Success.
    pub const OK: Self = Self(0);

    /// Returns the class of this code.
    #[must_use]
    pub const fn class(self) -> RetClass {
        match self.0 {
            0 => RetClass::Ok,
            1100 | 1101 | 1102 | -14 => RetClass::LoginAgain,
            1205 => RetClass::RateLimited,
            -1 => RetClass::Transient,
            _ => RetClass::Permanent,
        }
    }

    /// Returns the meaning of this code in a few words, if it is known.
    #[must_use]
    pub const fn meaning(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "success",
            1 => "bad parameters",
            -1 => "server error",
            -2 => "logic error",
            -14 => "ticket error",
            1100 => "no such login",
            1101 => "login no longer valid",
            1102 => "login ended on the phone",
            1200 => "request not understood",
            1203 => "this account may not use the web login",
            1204 => "not a valid recipient",
            1205 => "too frequent",
            _ => return None,
        })
    }
}

impl fmt::Display for Ret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.meaning() {
            None => write!(f, "Ret {}", self.0),
            Some(meaning) => write!(f, "Ret {} ({meaning})", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p49_classes_of_the_vector() {
        let vector: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/ret_codes.json")).unwrap();
        for row in vector["codes"].as_array().unwrap() {
            let expected = match row["class"].as_str().unwrap() {
                "ok" => RetClass::Ok,
                "permanent" => RetClass::Permanent,
                // Ret 3 is transient for webwxsync only; no media call returns it.
                "transient" if row["on"] == "webwxsync" => RetClass::Permanent,
                "transient" => RetClass::Transient,
                "login again" => RetClass::LoginAgain,
                "rate limited" => RetClass::RateLimited,
                other => panic!("unknown class {other}"),
            };
            let ret = Ret(row["ret"].as_i64().unwrap());
            assert_eq!(ret.class(), expected, "{row}");
            // Codes that no media call returns, and unknown ones, are shown as a number alone.
            assert_eq!(ret.meaning().is_none(), [3, 99_999].contains(&ret.0), "{row}");
        }
        assert_eq!(Ret(1205).to_string(), "Ret 1205 (too frequent)");
        assert_eq!(Ret(99_999).to_string(), "Ret 99999");
    }
}
