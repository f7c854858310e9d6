// Package ledger keeps what happened in an incident so that nobody can change it unseen: one append-only Merkle tree
// (RFC 6962) of records per incident, one named "system" for what belongs to none, and one named "global" whose
// records are the other trees' signed checkpoints.
//
// What comes in: quell.Records, a Store that keeps bytes, and a key that signs. What goes out: the records again, in
// order and without gaps; signed checkpoints in the C2SP tlog-checkpoint format; and bundles, which prove an incident to
// somebody who has nothing but the file and the key's fingerprint.
//
// What is promised. Append returns only after the store has made the records durable, all of them or none. Only the
// holder of a tree's newest lease can append, and only where it believes the tree ends. Verify and VerifyBundle name every
// changed, dropped, moved or truncated record by its number. Two things cannot be seen from the inside: a store or bundle
// replaced whole by an older one of ours (give Verify a checkpoint that was kept elsewhere), and a bundle made anew under
// another key (give VerifyBundle the fingerprint).
//
// The life of a record: Append encodes it as canonical JSON (encode_leaf.go), folds its hash into the tree
// (fold_hashes.go), signs the new root (sign_checkpoint.go) and hands all of it to the store as one transaction.
//
// Read package store/sqlite next for the store that people run, store/storetest for what any store must do, and
// package evidence for the artefacts that records name.
package ledger
