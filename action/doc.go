// Package action defines what a response is made of: an Action looks at one target, and from what it saw plans the
// calls that are left to do. It never changes anything itself.
//
// What comes in: an Input of plain data and an aws.Config for reading. What goes out: a state (facts for deciding, as
// JSON) and an Outcome (calls, whether settled, what breaks, or why a guard refuses). What is promised: Plan is pure
// and the same for the same input; an empty, settled plan means done; inverses come from Before, the first state ever
// recorded, never from one that Quell changed. One contract test, in actiontest, holds every action to this. Read
// package act next for how calls are sent, and package run for how steps are driven.
package action
