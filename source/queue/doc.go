// Package queue reads logs as AWS delivers them: from an SQS queue that tells of them or holds them, and from a bucket's
// prefix.
//
// What comes in: an AWS configuration, a queue's URL or a bucket and prefix, a clock, and a callback that takes a
// source.Document and returns once what it read is recorded. What goes out: documents, in the order they were found; a
// mark up to which a prefix is done; and every message that could never be read, with the reason.
//
// What is promised: a message is deleted only after the callback said that it is recorded, or after its reason was; one that
// takes long stays invisible to others meanwhile; what fails for now comes again. So everything is handed over at least
// once, and the reader must bear the same twice. Read package source for what becomes of an object's bytes.
package queue
