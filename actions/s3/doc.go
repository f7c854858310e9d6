// Package s3 holds the actions on S3 buckets.
//
// What comes in: a bucket as target and an aws.Config for reading, of any region. What goes out: states and calls, see
// package action; calls go to the region that the bucket says it is in, and name the account that must own it. What is
// promised: nothing of a bucket's policy but our own statement is ever written; a reading that only warns people may be
// refused and is then said to be unknown, one that a guard rests on may not. Read block_public.go first.
package s3
