// Package pulse judges whether the logs that a hunt follows still come.
//
// What comes in: the times at which own calls were made, each with a name used once, and the times at which their records,
// or any records, were read. What goes out: that the pipeline has fallen silent, as a finding; that it is heard again; and
// how long records are on their way. What is promised: a name counts once, and only for a call at about the time that its
// record tells, so that an old record played again is no sign of life; calls that could not be made are no silence; memory is
// bounded; no clock is read. docs/design/009-heartbeat.md says why it is done so. Read package hunt for who makes the calls.
package pulse
