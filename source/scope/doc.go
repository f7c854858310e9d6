// Package scope answers who an identifier is and what that identity did, with the fewest calls to AWS.
//
// What comes in: a key, name or ARN as a person or a finding gives it; an AWS configuration per region; a clock. What
// goes out: entities under their stable ids (Reader.IdentifyAll), a Sighting of everything some principals did over all
// regions (Reader.Trail), whether the trail is alive (Reader.Live), and a quell.Scope made of a sighting (Scope, pure).
//
// What is promised: an act is attributed by access key or unique id and never by a name alone; what could not be seen is
// in Blind with the reason; no silence is taken for absence, be it a refusal's or an emulator's; nothing in an account is
// changed. Read package source/trail next for how the event history is read, respond for who asks.
package scope
