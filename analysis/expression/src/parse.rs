//! From text to a tree, by Pratt's method (Top Down Operator Precedence, 1973): each
//! operator has a level, and an operand takes all operators of a higher level with it.
//!
//! | level | operators |
//! |---|---|
//! | 1 | `implies`, from the right |
//! | 2 | `or` |
//! | 3 | `and` |
//! | 4 | `not` |
//! | 5 | `==` `!=` `<` `<=` `>` `>=` `in` `not in`; not one after the other |
//! | 6 | `+` `-` |
//! | 7 | `*` `/` `%` |
//! | 8 | `-` before an operand |

use crate::mistake::Mistake;
use crate::syntax::{
    Aggregate, COMPARISON, Form, Function, NEGATION, NOT, Named, Node, Operator, Span, WORDS,
};
use crate::token::{Token, TokenKind, tokens};

/// The deepest nesting: each level is a call of a function, and the stack has an end.
/// Arbitrary: nobody reads a deeper one.
const MAX_NESTING: u32 = 64;

/// Maximum number of parts, which also bounds the depth of `a + b + c + ..`. Arbitrary, for
/// the same reason.
const MAX_PARTS: u32 = 500;

/// Parses a text.
pub fn parse(text: &str) -> Result<Node, Mistake> {
    let tokens = tokens(text)?;
    let mut parser = Parser {
        text,
        tokens: &tokens,
        next: 0,
        nesting: 0,
        parts: 0,
    };
    if tokens.len() == 1 {
        let what = "the expression is empty";
        let help = "write a condition, for example `queue <= 50`";
        return Err(Mistake::new(Span::new(0, text.len()), what).help(help));
    }
    let root = parser.expression(0)?;
    match parser.peek().kind {
        TokenKind::End => Ok(root),
        _ => Err(parser.unexpected("an operator or the end")),
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Token],
    /// The index of the next token.
    next: usize,
    nesting: u32,
    parts: u32,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> &'a Token {
        &self.tokens[self.next]
    }

    /// The token after the next one, or the end.
    fn peek_second(&self) -> &'a Token {
        self.tokens.get(self.next + 1).unwrap_or(self.peek())
    }

    fn take(&mut self) -> &'a Token {
        let token = self.peek();
        // The last token is the end, and is never passed.
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        token
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek().kind, TokenKind::Sign(it) if it == sign)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(&self.peek().kind, TokenKind::Word(it) if it == word)
    }

    fn expect(&mut self, sign: &str) -> Result<Span, Mistake> {
        match self.is_sign(sign) {
            true => Ok(self.take().span),
            false => Err(self.unexpected(&format!("`{sign}`"))),
        }
    }

    /// The next token is not what was expected.
    fn unexpected(&self, expected: &str) -> Mistake {
        let token = self.peek();
        let found = match token.kind {
            TokenKind::End => "the expression ends here".to_owned(),
            _ => format!("`{}`", &self.text[token.span.range()]),
        };
        let mistake = Mistake::new(token.span, format!("{found}, expected {expected}"));
        // `5 s`
        let before = self.next.checked_sub(1).map(|at| &self.tokens[at]);
        if let (Some(number), TokenKind::Word(word)) = (before, &token.kind)
            && matches!(number.kind, TokenKind::Whole(_) | TokenKind::Real(_))
            && base::duration::parse(&format!("1{word}")).is_ok()
        {
            let number = &self.text[number.span.range()];
            return mistake.help(format!(
                "write a duration without a blank: `{number}{word}`"
            ));
        }
        if let (Some(number), TokenKind::Sign(".")) = (before, &token.kind)
            && matches!(number.kind, TokenKind::Whole(_))
        {
            let help = "the name of a node with other signs is in quotes: `'machine-1'.clock`";
            return mistake.help(help);
        }
        mistake
    }

    fn node(&mut self, span: Span, form: Form) -> Result<Node, Mistake> {
        self.parts += 1;
        if self.parts > MAX_PARTS {
            let whole = Span::new(0, self.text.len());
            let what = format!("the expression has more than {MAX_PARTS} parts");
            return Err(Mistake::new(whole, what).help("write several properties"));
        }
        Ok(Node { span, form })
    }

    /// An operand with all operators of at least this level.
    fn expression(&mut self, least: u8) -> Result<Node, Mistake> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            let what = format!("nested more than {MAX_NESTING} deep");
            return Err(Mistake::new(self.peek().span, what));
        }
        let mut left = self.operand()?;
        let mut compared = false;
        while let Some((level, is_in)) = self.operator() {
            if level < least {
                break;
            }
            if level == COMPARISON && compared {
                let what = "comparisons cannot be chained";
                let help = "write `0 < x and x < 5`, not `0 < x < 5`";
                return Err(Mistake::new(self.peek().span, what).help(help));
            }
            compared = level == COMPARISON;
            left = match is_in {
                Some(negated) => self.list(left, negated)?,
                None => self.binary(left)?,
            };
        }
        self.nesting -= 1;
        Ok(left)
    }

    /// The level of the operator that follows, and for `in` whether it is negated.
    fn operator(&self) -> Option<(u8, Option<bool>)> {
        if self.is_word("in") {
            return Some((COMPARISON, Some(false)));
        }
        let second = &self.peek_second().kind;
        if self.is_word("not") && *second == TokenKind::Word("in".to_owned()) {
            return Some((COMPARISON, Some(true)));
        }
        Some((self.binary_operator()?.level(), None))
    }

    fn binary_operator(&self) -> Option<Operator> {
        let word = match &self.peek().kind {
            TokenKind::Word(word) => word.as_str(),
            TokenKind::Sign(sign) => sign,
            _ => return None,
        };
        Operator::ALL.into_iter().find(|it| it.word() == word)
    }

    fn binary(&mut self, left: Node) -> Result<Node, Mistake> {
        let operator = self.binary_operator().expect("an operator follows");
        self.take();
        let right = self.expression(match operator {
            Operator::Implies => operator.level(),
            _ => operator.level() + 1,
        })?;
        let span = left.span.to(right.span);
        self.node(span, Form::Binary(operator, Box::new([left, right])))
    }

    /// The list after `in`.
    fn list(&mut self, value: Node, negated: bool) -> Result<Node, Mistake> {
        self.take();
        if negated {
            self.take();
        }
        if !self.is_sign("[") {
            return Err(self.unexpected("a list: `['a', 'b']`"));
        }
        self.take();
        let mut list = vec![self.expression(0)?];
        while self.is_sign(",") {
            self.take();
            list.push(self.expression(0)?);
        }
        let end = self.expect("]")?;
        let span = value.span.to(end);
        let value = Box::new(value);
        self.node(
            span,
            Form::In {
                value,
                list,
                negated,
            },
        )
    }

    fn operand(&mut self) -> Result<Node, Mistake> {
        let token = self.peek();
        let span = token.span;
        match &token.kind {
            TokenKind::Whole(number) => self.constant(Form::Whole(*number)),
            TokenKind::Real(number) => self.constant(Form::Real(*number)),
            TokenKind::Duration(ns) => self.constant(Form::Duration(*ns)),
            TokenKind::Text(text) if self.dot_follows() => self.of_node(text),
            TokenKind::Text(text) => self.constant(Form::Text(text.clone())),
            TokenKind::Name(name) => self.constant(Form::Column(name.clone())),
            TokenKind::Sign("(") => {
                self.take();
                let inner = self.expression(0)?;
                let end = self.expect(")")?;
                Ok(Node {
                    span: span.to(end),
                    ..inner
                })
            }
            TokenKind::Sign("-") => {
                self.take();
                let inner = self.expression(NEGATION)?;
                let span = span.to(inner.span);
                self.node(span, Form::Negate(Box::new(inner)))
            }
            TokenKind::Word(word) => self.word(word),
            TokenKind::Sign(_) | TokenKind::End => {
                Err(self.unexpected("a column, a number, a text or `(`"))
            }
        }
    }

    fn constant(&mut self, form: Form) -> Result<Node, Mistake> {
        let span = self.take().span;
        self.node(span, form)
    }

    fn dot_follows(&self) -> bool {
        self.peek_second().kind == TokenKind::Sign(".")
    }

    fn word(&mut self, word: &str) -> Result<Node, Mistake> {
        match word {
            "true" => return self.constant(Form::Truth(true)),
            "false" => return self.constant(Form::Truth(false)),
            "not" => {
                let span = self.take().span;
                let inner = self.expression(NOT)?;
                let span = span.to(inner.span);
                return self.node(span, Form::Not(Box::new(inner)));
            }
            word if WORDS.contains(&word) => {
                return Err(self.unexpected("a column, a number, a text or `(`"));
            }
            _ => {}
        }
        match &self.peek_second().kind {
            TokenKind::Sign("(") => self.call(word),
            TokenKind::Sign(".") => self.of_node(word),
            _ => self.constant(Form::Column(word.to_owned())),
        }
    }

    /// `NODE.COLUMN`.
    fn of_node(&mut self, node: &str) -> Result<Node, Mistake> {
        let start = self.take().span;
        self.take();
        let column = self.peek();
        let (TokenKind::Word(name) | TokenKind::Name(name)) = &column.kind else {
            return Err(self.unexpected("a column"));
        };
        self.take();
        let named = |name: &str, span| Named {
            name: name.to_owned(),
            span,
        };
        let form = Form::OfNode {
            node: named(node, start),
            column: named(name, column.span),
        };
        self.node(start.to(column.span), form)
    }

    fn call(&mut self, word: &str) -> Result<Node, Mistake> {
        let start = self.take().span;
        let function = Function::ALL.into_iter().find(|it| it.word() == word);
        let aggregate = Aggregate::ALL.into_iter().find(|it| it.word() == word);
        if function.is_none() && aggregate.is_none() {
            let functions = Function::ALL.into_iter().map(|it| it.word().to_owned());
            let aggregates = Aggregate::ALL.into_iter().map(|it| it.word().to_owned());
            let names = functions.chain(aggregates).collect();
            let what = format!("there is no function `{word}`");
            return Err(Mistake::new(start, what).known("functions", word, names));
        }
        self.take();
        if aggregate.is_some() {
            if !self.is_word("nodes") {
                let what = format!("`nodes`: `{word}(nodes, ...)` is of all nodes");
                return Err(self.unexpected(&what));
            }
            self.take();
            self.expect(",")?;
        }
        let inner = Box::new(self.expression(0)?);
        let span = start.to(self.expect(")")?);
        self.node(
            span,
            match (function, aggregate) {
                (Some(function), _) => Form::Call(function, inner),
                (None, Some(aggregate)) => Form::Over(aggregate, inner),
                (None, None) => unreachable!("refused above"),
            },
        )
    }
}
