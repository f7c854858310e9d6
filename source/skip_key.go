package source

import (
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// key is what the S3 key of a delivered log file says about its content. Each level ends where its word does, so that key[:end]
// is the folder of all that share it; an end of 0 is a level that the key does not tell.
type key struct {
	account, service, region string
	day                      time.Time
	// accountEnd, serviceEnd and regionEnd are ends; dayAt is where the day begins, and dayForm how it is written.
	accountEnd, serviceEnd, regionEnd, dayAt int
	dayForm                                  string
}

// parseKey reads AWSLogs/[o-ID/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/FILE, in CloudTrail's and the flow logs' user guides, and
// Security Lake's region=REGION/accountId=ACCOUNT/eventDay=YYYYMMDD/FILE.
func parseKey(name string) (key, bool) {
	name = filepath.ToSlash(name)
	if k, ok := parsePartitions(name); ok {
		return k, true
	}
	at := 0
	if !strings.HasPrefix(name, "AWSLogs/") {
		if at = strings.Index(name, "/AWSLogs/") + 1; at == 0 {
			return key{}, false
		}
	}
	at += len("AWSLogs/")
	parts := strings.Split(name[at:], "/")
	// Organisation trails put the organisation's id between.
	if strings.HasPrefix(parts[0], "o-") {
		at += len(parts[0]) + 1
		parts = parts[1:]
	}
	if len(parts) < 6 {
		return key{}, false
	}
	k := key{account: parts[0], service: parts[1], region: parts[2], dayForm: "2006/01/02"}
	k.accountEnd = at + len(parts[0])
	k.serviceEnd = k.accountEnd + 1 + len(parts[1])
	k.regionEnd = k.serviceEnd + 1 + len(parts[2])
	k.dayAt = k.regionEnd + 1
	var err error
	if k.day, err = time.Parse(k.dayForm, strings.Join(parts[3:6], "/")); err != nil {
		return key{}, false
	}
	return k, true
}

// parsePartitions reads a folder name for each partition of a table. Two of them are needed, for one may be anybody's folder.
func parsePartitions(name string) (key, bool) {
	k := key{dayForm: "20060102"}
	at, told := 0, 0
	for part := range strings.SplitSeq(name, "/") {
		word, value, ok := strings.Cut(part, "=")
		end := at + len(part)
		switch at = end + 1; strings.ToLower(word) {
		case "region":
			k.region, k.regionEnd = value, end
		case "accountid", "account_id":
			k.account, k.accountEnd = value, end
		case "eventday":
			day, err := time.Parse(k.dayForm, value)
			if err != nil {
				return key{}, false
			}
			k.day, k.dayAt = day, end-len(value)
		default:
			continue
		}
		if ok {
			told++
		}
	}
	if told < 2 {
		return key{}, false
	}
	return k, true
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
	name = filepath.ToSlash(name)
	since := o.Since.UTC().Truncate(day)
	// What stands behind a level that is left out is left out with it.
	behind := func(end int) string { return name[:end] + last }
	switch {
	case k.service == "CloudTrail-Digest":
		return true, behind(k.serviceEnd)
	case len(o.Accounts) > 0 && k.account != "" && !slices.Contains(o.Accounts, k.account):
		return true, behind(k.accountEnd)
	case len(o.Regions) > 0 && k.region != "" && !slices.Contains(o.Regions, k.region):
		return true, behind(k.regionEnd)
	case k.day.IsZero():
		return false, ""
	case !o.Since.IsZero() && k.day.Before(since):
		return true, name[:k.dayAt] + since.Format(k.dayForm)
	case !o.Until.IsZero() && k.day.After(o.Until.UTC().Truncate(day).Add(day)):
		return true, name[:k.dayAt] + last[1:]
	}
	return false, ""
}
