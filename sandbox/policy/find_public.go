package policy

// Public says whether the document allows something to everybody: an Allow for "*" without a condition that pins the
// caller. S3 calls such a policy public (GetBucketPolicyStatus, BlockPublicPolicy).
func (d *Document) Public() bool {
	for i := range d.Statements {
		s := &d.Statements[i]
		if !s.Allow || s.pinned() {
			continue
		}
		if len(s.notPrincipal) > 0 {
			return true
		}
		for _, p := range s.principals {
			if p.value == "*" {
				return true
			}
		}
	}
	return false
}

// pinned says whether a condition fixes who may call, after the list of keys in the S3 User Guide, "The meaning of
// public". A value that is itself a wildcard pins nothing.
func (s *Statement) pinned() bool {
	for i := range s.conditions {
		c := &s.conditions[i]
		if c.negated || c.null || c.ifExists {
			continue
		}
		switch c.key {
		case "aws:sourcearn", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceowner", "aws:sourceaccount", "aws:userid",
			"aws:principalarn", "aws:principalaccount", "aws:principalorgid", "aws:sourceip", "s3:dataaccesspointaccount":
		default:
			continue
		}
		open := false
		for _, v := range c.values {
			open = open || v == "*" || v == "0.0.0.0/0" || v == "::/0"
		}
		if !open {
			return true
		}
	}
	return false
}
