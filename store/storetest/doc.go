// Package storetest is the conformance suite that every ledger.Store passes.
//
// What comes in: a function that opens an empty store. What goes out: failures. What is promised: a store that passes keeps
// a ledger's records in order and whole, refuses writers who are fenced or mistaken, and gives a lease to one at a time.
// What no suite can see from outside, that an append has reached the disk, each store tests for itself.
//
// Read package ledger for the interface, store/memory for the shortest store that passes.
package storetest
