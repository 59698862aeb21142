//! Who may call an operation, as `app::policy` has it.

use super::node::Node;
use crate::app::policy::{Access, Operation, rule};
use crate::domain::{Error, Result};

/// Fills in what follows from the use case that `operation` names in `x-use-case`: the ways to authenticate, who it is
/// for, and the refusals that this brings.
///
/// # Errors
/// [`Error::Internal`] when the use case is missing or not known.
pub fn apply(operation: &mut Node) -> Result<()> {
    let id = operation.get("operationId").and_then(Node::as_text).unwrap_or("an operation").to_owned();
    let Some(use_case) = operation.get("x-use-case") else {
        // Health, metrics and the documents themselves ask nobody who they are.
        if operation.get("security").is_some() {
            return Ok(());
        }
        return Err(Error::internal(format!("{id} has neither x-use-case nor security")));
    };
    let name = use_case.as_text().unwrap_or_default();
    let use_case = Operation::ALL.iter().find(|use_case| use_case.name() == name);
    let Some(use_case) = use_case else {
        return Err(Error::internal(format!("{id} names the use case {name}, which is not known")));
    };
    let (access, scope) = rule(*use_case);
    operation.set("x-access", word(access));
    if operation.get("security").is_some() {
        // Where a token is got, one that is sent along does not matter.
        return Ok(());
    }
    let scopes: Vec<Node> = scope.iter().map(|scope| Node::from(scope.name())).collect();
    let either = [
        Node::entries([("bearerAuth", Node::List(Vec::new()))]),
        Node::entries([("oauth2", Node::List(scopes))]),
    ];
    let anonymous = matches!(access, Access::Anyone | Access::PublicPool).then(Node::map);
    operation.set("security", Node::List(anonymous.into_iter().chain(either).collect()));
    let problems = operation.at("x-problems");
    problems.set_default("401", "The bearer token is missing, expired, revoked, or of another tenant.");
    if let Some(scope) = scope {
        let role = match access {
            Access::Staff => "is not of the staff, or ",
            Access::Admin => "is no administrator, or ",
            Access::Anyone | Access::PublicPool | Access::User => "",
        };
        problems.set_default("403", format!("The caller {role}lacks the scope `{scope}`."));
    }
    Ok(())
}

const fn word(access: Access) -> &'static str {
    match access {
        Access::Anyone => "anyone",
        Access::PublicPool => "anyone in the public pool, users in a tenant",
        Access::User => "users",
        Access::Staff => "staff",
        Access::Admin => "administrators",
    }
}
