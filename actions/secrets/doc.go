// Package secrets holds the actions on secrets of Secrets Manager.
//
// What comes in: a secret as target, by its ARN, and an aws.Config for reading. What goes out: states and calls, see
// package action. What is promised: no secret's value is ever read; a state holds version ids and stages, which open
// nothing. Read rotate_secret.go, the only action here.
package secrets
