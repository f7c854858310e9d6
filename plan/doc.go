// Package plan binds a playbook to an incident: it chooses the playbook, decides which of its steps apply, and names the
// exact target of each.
//
// What comes in: playbooks as YAML, an incident, its scope, and what is known of the actions (ActionInfo), as data. What
// goes out: plan steps without calls; the calls come later, from looking at the account. What is promised: everything
// here is pure and gives the same steps and ids for the same input; a playbook that cannot be understood
// wholly is refused rather than half run; a step whose condition fails to evaluate is shown as refused, and never holds
// back the containment beside it.
//
// # Conditions
//
// `when` (a bool) and `for_each` (a list of entities) are CEL expressions. They see:
//
//	incident  id, title, severity ("low".."critical"), standing, exposed, account, subject, entities, blind
//	scope     still_active, events, used_by, entities, blind
//
// An entity has kind, id, name, arn, account, region, part and of. incident.entities holds those of the scope too, and
// two mentions of one thing, by its id and by its ARN, are one entity. Besides CEL's own functions there are:
//
//	incident.pick(kind, part)   entities of a kind that play a part; part "" is every part
//	incident.behind(kind)       the subject, seen as that kind: the user of a key, the role of a session, the account;
//	                            a list of none or one
//	entity.belongs(entities)    whether it is of one of those: a key of a user, a session of a role
//	entities.except(entities)   those of the first list that the second does not hold
//
// Kinds and parts are written as literals, so that a misspelt one is found when the playbook is read and not at night.
// Evaluation has a cost limit and reaches nothing outside its input.
//
// # Steps
//
// A step without for_each is bound once, to the subject seen as the kind of thing its action works on. A step with
// for_each is bound once per entity and gets the id STEP.NAME. A step waits only for the steps that it needs. Read
// package approve next for who may say yes to a step, and package act for how its calls are sent.
package plan
