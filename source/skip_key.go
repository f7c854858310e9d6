package source

import (
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// key is what the S3 key of a delivered log file says about its content:
// AWSLogs/[o-ID/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/FILE, in CloudTrail's and the flow logs' user guides.
type key struct {
	account, service, region string
	day                      time.Time
}

func parseKey(name string) (key, bool) {
	parts := strings.Split(filepath.ToSlash(name), "/")
	at := slices.Index(parts, "AWSLogs")
	if at < 0 {
		return key{}, false
	}
	parts = parts[at+1:]
	// Organisation trails put the organisation's id between.
	if len(parts) > 0 && strings.HasPrefix(parts[0], "o-") {
		parts = parts[1:]
	}
	if len(parts) < 6 {
		return key{}, false
	}
	day, err := time.Parse("2006/01/02", strings.Join(parts[3:6], "/"))
	if err != nil {
		return key{}, false
	}
	return key{account: parts[0], service: parts[1], region: parts[2], day: day}, true
}

// Skip says whether a log file is left out because of its key. The day in a key is that of delivery, which follows the
// events by minutes, so the day after Until is still read. after is a key that sorts behind all those left out for the
// same reason and before the next that may be wanted; empty where there is none to tell.
func (o Options) Skip(name string) (skip bool, after string) {
	k, ok := parseKey(name)
	if !ok {
		return false, ""
	}
	// Days, not instants: that is all a folder tells, and a file too many costs less than an event too few.
	day := 24 * time.Hour
	// Nothing in a key sorts behind the last character there is.
	const last = "/\U0010FFFF"
	folder := func(levels int) string {
		parts := strings.Split(filepath.ToSlash(name), "/")
		at := slices.Index(parts, "AWSLogs") + 1
		if strings.HasPrefix(parts[at], "o-") {
			at++
		}
		return strings.Join(parts[:at+levels], "/")
	}
	since := o.Since.UTC().Truncate(day)
	switch {
	case k.service == "CloudTrail-Digest":
		return true, folder(2) + last
	case len(o.Accounts) > 0 && !slices.Contains(o.Accounts, k.account):
		return true, folder(1) + last
	case len(o.Regions) > 0 && !slices.Contains(o.Regions, k.region):
		return true, folder(3) + last
	case !o.Since.IsZero() && k.day.Before(since):
		return true, folder(3) + "/" + since.Format("2006/01/02")
	case !o.Until.IsZero() && k.day.After(o.Until.UTC().Truncate(day).Add(day)):
		return true, folder(3) + last
	}
	return false, ""
}
