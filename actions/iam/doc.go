// Package iam holds the actions on IAM users, keys and roles.
//
// What comes in: a target entity and an aws.Config for reading. What goes out: states and calls, see package action.
// What is promised: every list is read to its last page; names are checked against stable ids, so that a user recreated
// under an old name is not mistaken for the old one. Read deactivate_access_key.go first, it is the shortest.
package iam
