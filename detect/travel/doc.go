// Package travel finds people who sign in from two places too far apart for the time between.
//
// What comes in: successful interactive sign-ins as events, in any order, some of them twice, and a Locator that knows where
// addresses are. What goes out: findings with both sign-ins, the places, the distance and the speed; and sentences on what
// could not be judged. What is promised: the same events give the same findings, whatever their order and however often each
// is delivered; memory is bounded by the number of sign-ins kept, and what found no room is counted; an address whose
// place means nothing (a trusted network, a private range, an AWS service, a cloud or a VPN provider) is never a journey.
//
// Places of addresses are guesses. A Locator gives the radius in which its guess is right, and a distance counts only as far
// as both radii leave some. Package source/geo is the Locator for MaxMind's files; read find_journeys.go next.
package travel
