// Package evidence keeps artefacts: what was collected in an incident and is too large for a record. Each is a file named
// by the SHA-256 of its content, and a record in the ledger (quell.Evidence) says what it is and where it came from, so that
// the ledger's signature covers the artefact too.
//
// What comes in: streams, from whoever collects. What goes out: quell.Evidence to be recorded, and the content again, checked
// while it is read. What is promised: Put returns when the content is on disk; the same content is kept once; a file
// never changes, and one that did is an error for whoever reads it; names come from the content alone, so nothing that an
// intruder wrote can choose a path.
//
// Folder is what people run, Memory serves tests and simulations. Read package ledger next for how evidence is exported.
package evidence
