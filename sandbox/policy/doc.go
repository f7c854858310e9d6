// Package policy decides what AWS would answer to one request: allowed, denied by a statement, or denied because no
// statement allows it.
//
// What comes in: policy documents as AWS's own JSON (Parse), and a Request with its caller, action, resource and
// condition context. What goes out: a Decision that names the kind of policy it rests on. What is promised: an explicit
// deny wins, whatever else says yes; an operator that is not known never lets a statement match by accident, because
// such a document is refused when it is read; the same request and documents give the same decision.
//
// The rules are those of the IAM User Guide, "Policy evaluation logic" and "Condition operators". Read package sandbox
// next: it collects the documents that apply to a caller and asks here.
package policy
