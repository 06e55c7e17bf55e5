//! Commands about the connection and the server: what clients send by themselves.

use super::glob::matches;
use super::number::integer;
use super::session::{After, Call, Done, Fault, SYNTAX, Session};
use super::table::{COMMANDS, arity, unknown_subcommand, wrong_arity};

/// `PING [TEXT]`
pub fn ping(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    match words {
        [] => call.reply.simple("PONG"),
        [text] => call.reply.bulk(text),
        _ => return Err(wrong_arity("ping")),
    }
    Ok(())
}

/// `ECHO TEXT`
pub fn echo(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    call.reply.bulk(words[0]);
    Ok(())
}

/// `QUIT`
pub fn quit(call: &mut Call<'_>, _: &[&[u8]]) -> Done {
    call.after = After::Close;
    call.ok()
}

/// `RESET`
pub fn reset(call: &mut Call<'_>, _: &[&[u8]]) -> Done {
    *call.session = Session {
        sends_arrays: call.session.sends_arrays,
        ..Session::default()
    };
    call.reply.simple("RESET");
    Ok(())
}

/// `SELECT 0`: there is one database.
pub fn select(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    match integer(words[0])? {
        0 => call.ok(),
        _ => Err(Fault::of("ERR DB index is out of range")),
    }
}

/// `HELLO [VERSION [SETNAME NAME]]`
pub fn hello(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    let (mut version_3, mut name) = (call.session.version_3, None);
    if let [version, options @ ..] = words {
        let version = integer(version)
            .map_err(|_| Fault::of("ERR Protocol version is not an integer or out of range"))?;
        version_3 = match version {
            2 => false,
            3 => true,
            _ => return Err(Fault::of("NOPROTO unsupported protocol version")),
        };
        match options {
            [] => {}
            [set, given] if set.eq_ignore_ascii_case(b"SETNAME") => name = Some(*given),
            [option, ..] => {
                let text = [b"ERR Syntax error in HELLO option '", *option, b"'"].concat();
                return Err(Fault(text.into()));
            }
        }
    }
    if let Some(name) = name {
        set_name(call, name)?;
    }
    call.session.version_3 = version_3;
    call.map(7);
    let version = env!("CARGO_PKG_VERSION");
    for (key, value) in [("server", "kv"), ("version", version)] {
        call.reply.bulk(key.as_bytes());
        call.reply.bulk(value.as_bytes());
    }
    for (key, number) in [
        ("proto", if version_3 { 3 } else { 2 }),
        ("id", i64::from(call.client.id)),
    ] {
        call.reply.bulk(key.as_bytes());
        call.reply.integer(number);
    }
    for (key, value) in [("mode", "standalone"), ("role", "master")] {
        call.reply.bulk(key.as_bytes());
        call.reply.bulk(value.as_bytes());
    }
    call.reply.bulk(b"modules");
    call.reply.array(0);
    Ok(())
}

fn set_name(call: &mut Call<'_>, name: &[u8]) -> Done {
    if name.iter().any(|byte| !byte.is_ascii_graphic()) {
        return Err(Fault::of(
            "ERR Client names cannot contain spaces, newlines or special characters.",
        ));
    }
    call.session.name = name.to_vec();
    Ok(())
}

/// `CLIENT ID|GETNAME|SETNAME|SETINFO|NO-EVICT|NO-TOUCH`
pub fn client(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    let (word, count) = (words[0].to_ascii_uppercase(), words.len() + 1);
    match &word[..] {
        b"ID" => {
            arity("client|id", 2, count)?;
            call.count(call.client.id.into())
        }
        b"GETNAME" => {
            arity("client|getname", 2, count)?;
            match call.session.name.is_empty() {
                true => call.null(),
                false => call.reply.bulk(&call.session.name),
            }
            Ok(())
        }
        b"SETNAME" => {
            arity("client|setname", 3, count)?;
            set_name(call, words[1])?;
            call.ok()
        }
        b"SETINFO" => {
            arity("client|setinfo", 4, count)?;
            call.ok()
        }
        b"NO-EVICT" | b"NO-TOUCH" => {
            let name = format!("client|{}", String::from_utf8_lossy(&word).to_lowercase());
            arity(&name, 3, count)?;
            match words[1].eq_ignore_ascii_case(b"on") || words[1].eq_ignore_ascii_case(b"off") {
                true => call.ok(),
                false => Err(SYNTAX),
            }
        }
        _ => Err(unknown_subcommand("CLIENT", words[0])),
    }
}

/// `COMMAND [COUNT|LIST|DOCS]`: clients work without documentation of the commands, so it is empty.
pub fn command(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    let word = words.first().map(|word| word.to_ascii_uppercase());
    match word.as_deref() {
        None => call.reply.array(0),
        Some(b"DOCS") => call.map(0),
        Some(b"COUNT") => call.reply.integer(COMMANDS.len() as i64),
        Some(b"LIST") => {
            call.reply.array(COMMANDS.len());
            for command in COMMANDS {
                call.reply.bulk(command.name.as_bytes());
            }
        }
        Some(_) => return Err(unknown_subcommand("COMMAND", words[0])),
    }
    Ok(())
}

/// `CONFIG GET PATTERN ...`: the settings that `redis-benchmark` reads.
pub fn config(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    if !words[0].eq_ignore_ascii_case(b"GET") {
        return Err(unknown_subcommand("CONFIG", words[0]));
    }
    arity("config|get", -3, words.len() + 1)?;
    let persist = if call.client.persist { "yes" } else { "no" };
    let is_meant = |name: &str| {
        let mut patterns = words[1..].iter();
        patterns.any(|it| matches(&it.to_ascii_lowercase(), name.as_bytes()))
    };
    let mut meant = vec![("save", ""), ("appendonly", persist)];
    meant.retain(|(name, _)| is_meant(name));
    call.map(meant.len());
    for (name, value) in meant {
        call.reply.bulk(name.as_bytes());
        call.reply.bulk(value.as_bytes());
    }
    Ok(())
}

/// The version of Redis whose replies these are.
const LIKE_REDIS: &str = "7.0.15";

/// `INFO [SECTION ...]`
pub fn info(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    let (keys, expiring) = (call.store.keys(), call.store.expiring());
    let keyspace = match keys {
        0 => String::new(),
        _ => format!("db0:keys={keys},expires={expiring},avg_ttl=0\r\n"),
    };
    let sections = [
        (
            "server",
            format!(
                "# Server\r\nserver:kv\r\nredis_version:{LIKE_REDIS}\r\nredis_mode:standalone\r\n"
            ),
        ),
        ("keyspace", format!("# Keyspace\r\n{keyspace}")),
    ];
    let is_meant = |name: &str| {
        words.is_empty()
            || words.iter().any(|word| {
                let word = word.to_ascii_lowercase();
                word == name.as_bytes()
                    || [&b"all"[..], b"default", b"everything"].contains(&&word[..])
            })
    };
    let meant = sections.iter().filter(|(name, _)| is_meant(name));
    let texts: Vec<&str> = meant.map(|(_, text)| text.as_str()).collect();
    call.text(&texts.join("\r\n"));
    Ok(())
}
