package scope

import (
	"time"

	"github.com/quell-ir/quell"
)

// Sighting is what the trail tells about some principals, and how far it can be trusted.
type Sighting struct {
	// Events are the principals' acts, by time, then id, each once.
	Events []quell.Event
	// Principals are those asked for and those found to be made by them, in the order found. Of the latter, Of tells
	// whom they belong to.
	Principals []quell.Entity
	// Read names what was read to its end: "cloudtrail eu-west-1". Blind names what could not be seen, and why:
	// "eu-west-3: AccessDenied: ...". It always holds "s3-data": the event history has no data events.
	Read, Blind []string
	// Through is the instant up to which what was read is known complete, the least over the regions read; zero where
	// nothing could be read, or where more was found than is kept.
	Through time.Time
	// Watermarks tell Through region by region.
	Watermarks map[string]time.Time
}
