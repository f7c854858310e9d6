package quell

import "time"

// Decision is a named person's yes or no to exactly the calls behind a digest.
type Decision struct {
	Step   string `json:"step"`
	Digest string `json:"digest"`
	Yes    bool   `json:"yes"`
	// Person is the IAM user, Identity Center user or source identity; a role session name never counts.
	Person  string    `json:"person"`
	As      Role      `json:"as"`
	Reason  string    `json:"reason,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
	// Calls are the calls answered for; a later plan is covered while each of its calls is among them, in this order.
	Calls []Call `json:"calls"`
}
