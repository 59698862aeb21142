//! Where variables may be used (GraphQL §5.8.5): in positions of their own type. The executor has the rule, but its visitor
//! never tells it of a value, so a text would pass for a number and fail later, in one field, with words of its own.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::sync::LazyLock;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, Directive, ExecutableDocument, FieldDefinition, InputValueDefinition, OperationDefinition,
    OperationType, Selection, SelectionSet, Type, TypeKind, TypeSystemDefinition,
};
use async_graphql::{Name, Pos, Positioned, ServerError, Value};

use super::schema;

/// What can be given somewhere.
struct Input {
    of_type: Type,
    has_default: bool,
}

type Inputs = HashMap<Name, Input>;

/// The types of the schema, as far as values are concerned.
#[derive(Default)]
struct Types {
    /// What each field of an object or an interface leads to, and its arguments.
    fields: HashMap<Name, HashMap<Name, (Name, Inputs)>>,
    /// The fields of each input object.
    inputs: HashMap<Name, Inputs>,
    /// The arguments of directives.
    directives: HashMap<Name, Inputs>,
}

static TYPES: LazyLock<Types> = LazyLock::new(|| Types::read(&schema::sdl()));

impl Types {
    /// Of the schema that is written down. What cannot be read is checked by the executor alone.
    fn read(sdl: &str) -> Self {
        let mut types = Self::default();
        let definitions = parse_schema(sdl).map(|document| document.definitions).unwrap_or_default();
        for definition in definitions {
            match definition {
                TypeSystemDefinition::Type(of_type) => {
                    let name = of_type.node.name.node;
                    match of_type.node.kind {
                        TypeKind::Object(object) => types.keep(name, object.fields),
                        TypeKind::Interface(interface) => types.keep(name, interface.fields),
                        TypeKind::InputObject(object) => {
                            types.inputs.insert(name, inputs(object.fields));
                        }
                        TypeKind::Scalar | TypeKind::Union(_) | TypeKind::Enum(_) => {}
                    }
                }
                TypeSystemDefinition::Directive(directive) => {
                    types.directives.insert(directive.node.name.node, inputs(directive.node.arguments));
                }
                TypeSystemDefinition::Schema(_) => {}
            }
        }
        types
    }

    fn keep(&mut self, name: Name, fields: Vec<Positioned<FieldDefinition>>) {
        let field = |field: Positioned<FieldDefinition>| {
            let leads_to = named(&field.node.ty.node).clone();
            (field.node.name.node, (leads_to, inputs(field.node.arguments)))
        };
        self.fields.insert(name, fields.into_iter().map(field).collect());
    }
}

fn inputs(given: Vec<Positioned<InputValueDefinition>>) -> Inputs {
    let input = |Positioned { node: input, .. }: Positioned<InputValueDefinition>| {
        let has_default = input.default_value.is_some_and(|default| default.node != Value::Null);
        (input.name.node, Input { of_type: input.ty.node, has_default })
    };
    given.into_iter().map(input).collect()
}

/// The type at the heart of lists.
fn named(of_type: &Type) -> &Name {
    match &of_type.base {
        BaseType::Named(name) => name,
        BaseType::List(item) => named(item),
    }
}

/// Marks a variable where no name can begin so.
const SIGIL: char = '$';

/// A value with its variables as names that begin with [`SIGIL`]: the executor does not give away the type that it has with
/// variables in it.
macro_rules! marked {
    ($value:expr) => {{
        let marked: Result<Value, Infallible> =
            $value.clone().into_const_with(|name| Ok(Value::Enum(Name::new(format!("{SIGIL}{name}")))));
        marked.unwrap_or_default()
    }};
}

/// The type that a field of an object or an interface leads to, inside whatever lists.
pub fn leads_to(parent: &str, field: &str) -> Option<&'static str> {
    TYPES.fields.get(parent)?.get(field).map(|(name, _)| name.as_str())
}

/// Checks the document, whose fragments do not spread themselves.
///
/// # Errors
/// One for each variable that is used where another type is expected.
pub fn check(document: &ExecutableDocument) -> Result<(), Vec<ServerError>> {
    let mut errors = Vec::new();
    for (_, operation) in document.operations.iter() {
        if operation.node.variable_definitions.is_empty() {
            continue;
        }
        let root = match operation.node.ty {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        let mut uses =
            Uses { document, operation: &operation.node, seen: HashSet::new(), errors: Vec::new() };
        uses.directives(&operation.node.directives);
        uses.selections(&operation.node.selection_set.node, root);
        errors.append(&mut uses.errors);
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// The uses of the variables of one operation.
struct Uses<'d> {
    document: &'d ExecutableDocument,
    operation: &'d OperationDefinition,
    /// Fragments that were looked at.
    seen: HashSet<&'d Name>,
    errors: Vec<ServerError>,
}

impl<'d> Uses<'d> {
    fn selections(&mut self, set: &'d SelectionSet, parent: &str) {
        for selection in &set.items {
            self.directives(selection.node.directives());
            match &selection.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    // What is not there is told by validation.
                    let known = TYPES.fields.get(parent).and_then(|fields| fields.get(&field.name.node));
                    if let Some((leads_to, inputs)) = known {
                        for (name, value) in &field.arguments {
                            let given = marked!(value.node);
                            self.argument(&name.node, &given, value.pos, inputs);
                        }
                        self.selections(&field.selection_set.node, leads_to);
                    }
                }
                Selection::InlineFragment(inline) => {
                    let condition = inline.node.type_condition.as_ref().map(|on| on.node.on.node.as_str());
                    self.selections(&inline.node.selection_set.node, condition.unwrap_or(parent));
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if let (Some(fragment), true) =
                        (self.document.fragments.get(name), self.seen.insert(name))
                    {
                        let condition = &fragment.node.type_condition.node.on.node;
                        self.directives(&fragment.node.directives);
                        self.selections(&fragment.node.selection_set.node, condition);
                    }
                }
            }
        }
    }

    fn directives(&mut self, directives: &[Positioned<Directive>]) {
        for directive in directives {
            if let Some(inputs) = TYPES.directives.get(&directive.node.name.node) {
                for (name, value) in &directive.node.arguments {
                    self.argument(&name.node, &marked!(value.node), value.pos, inputs);
                }
            }
        }
    }

    fn argument(&mut self, name: &Name, value: &Value, pos: Pos, inputs: &'static Inputs) {
        if let Some(input) = inputs.get(name) {
            self.value(value, &input.of_type, input.has_default, pos);
        }
    }

    fn value(&mut self, value: &Value, expected: &Type, has_default: bool, pos: Pos) {
        match (value, &expected.base) {
            (Value::Enum(name), _) => {
                if let Some(variable) = name.strip_prefix(SIGIL) {
                    self.variable(variable, expected, has_default, pos);
                }
            }
            (Value::List(items), BaseType::List(item)) => {
                items.iter().for_each(|value| self.value(value, item, false, pos));
            }
            // One value stands for a list of one (§3.11).
            (Value::Object(_), BaseType::List(item)) => self.value(value, item, false, pos),
            (Value::Object(fields), BaseType::Named(name)) => {
                for (name, input) in TYPES.inputs.get(name).into_iter().flatten() {
                    if let Some(value) = fields.get(name) {
                        self.value(value, &input.of_type, input.has_default, pos);
                    }
                }
            }
            _ => {}
        }
    }

    fn variable(&mut self, name: &str, expected: &Type, has_default: bool, pos: Pos) {
        let mut definitions = self.operation.variable_definitions.iter();
        // One that was not defined is told by validation.
        let Some(definition) = definitions.find(|definition| definition.node.name.node == name) else {
            return;
        };
        let own = &definition.node.var_type.node;
        let own_default = definition.node.default_value.as_ref().is_some_and(|own| own.node != Value::Null);
        // Where there is a default, nothing may be given although null may not.
        let stands_in = own.nullable && !expected.nullable && (has_default || own_default);
        if !(is_subtype(own, expected) || stands_in && same_base(own, expected)) {
            let message = format!(
                "Variable \"${name}\" of type \"{own}\" used in position expecting type \"{expected}\"."
            );
            self.errors.push(ServerError {
                locations: vec![definition.pos, pos],
                ..ServerError::new(message, None)
            });
        }
    }
}

fn is_subtype(own: &Type, expected: &Type) -> bool {
    (expected.nullable || !own.nullable) && same_base(own, expected)
}

fn same_base(own: &Type, expected: &Type) -> bool {
    match (&own.base, &expected.base) {
        (BaseType::Named(own), BaseType::Named(expected)) => own == expected,
        (BaseType::List(own), BaseType::List(expected)) => is_subtype(own, expected),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::parser::parse_query;

    #[test]
    fn a_variable_has_the_type_of_its_place() {
        for (variables, uses, fits) in [
            ("$v: Int", "pets(limit: $v) { id }", true),
            ("$v: Int!", "pets(limit: $v) { id }", true),
            ("$v: String", "pets(limit: $v) { id }", false),
            ("$v: Boolean", "pets(limit: $v) { id }", false),
            ("$v: Int", "pet(id: $v) { id }", false),
            ("$v: ID", "pet(id: $v) { id }", false),
            ("$v: ID = \"1\"", "pet(id: $v) { id }", true),
            ("$v: [ID!]!", "nodes(ids: $v) { id }", true),
            ("$v: [ID]!", "nodes(ids: $v) { id }", false),
            ("$v: ID!", "nodes(ids: $v) { id }", false),
            ("$v: ID!", "nodes(ids: [$v]) { id }", true),
            ("$v: Int!", "nodes(ids: [\"1\", $v]) { id }", false),
            ("$v: Species!", "petsConnection(filter: {species: [$v]}) { totalCount }", true),
            ("$v: PetStatus!", "petsConnection(filter: {species: [$v]}) { totalCount }", false),
            ("$v: Int", "...F } fragment F on Query { pets(page: $v) { ... on Pet { id } }", true),
            ("$v: Float", "...F } fragment F on Query { pets(page: $v) { ... on Pet { id } }", false),
            ("$v: Float", "pets { orders(first: $v) { id } }", false),
            ("$v: Boolean!", "me @include(if: $v) { id }", true),
            ("$v: Boolean", "me @include(if: $v) { id }", false),
            ("$v: Int!", "... on Query @skip(if: $v) { me { id } }", false),
            ("$v: Nothing", "unknown(x: $v) { id }", true),
        ] {
            let query = format!("query ({variables}) {{ {uses} }}");
            assert_eq!(check(&parse_query(&query).unwrap()).is_ok(), fits, "{query}");
        }
        let mutation = |of: &str| format!("mutation ($v: {of}) {{ revokeToken(all: $v) {{ revoked }} }}");
        assert!(check(&parse_query(mutation("Boolean")).unwrap()).is_ok(), "the place has a default");
        assert!(check(&parse_query(mutation("Int")).unwrap()).is_err());
        let price = "mutation ($v: Float!) { createPet(input: {price: $v}) { pet { id } } }";
        let refused = check(&parse_query(price).unwrap()).unwrap_err();
        assert!(refused[0].message.contains("expecting type \"Decimal\""), "{}", refused[0].message);
        assert_eq!(refused[0].locations.len(), 2);
    }
}
