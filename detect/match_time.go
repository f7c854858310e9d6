package detect

import "time"

// timePart takes a part out of a timestamp written as YYYY-MM-DD, alone or followed by T or a space and hh:mm:ss. As Sigma
// says, no time zone is converted: the digits count as they stand (CloudTrail writes UTC). Weeks are ISO 8601 weeks.
func timePart(s []byte, part string) (int, bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	year, ok1 := twoDigits(s, 0)
	century, ok2 := twoDigits(s, 2)
	month, ok3 := twoDigits(s, 5)
	day, ok4 := twoDigits(s, 8)
	year = year*100 + century
	if !ok1 || !ok2 || !ok3 || !ok4 || month < 1 || month > 12 || day < 1 || day > 31 {
		return 0, false
	}
	switch part {
	case "year":
		return year, true
	case "month":
		return month, true
	case "day":
		return day, true
	case "week":
		_, week := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).ISOWeek()
		return week, true
	}
	if len(s) < 16 || (s[10] != 'T' && s[10] != ' ') || s[13] != ':' {
		return 0, false
	}
	hour, ok1 := twoDigits(s, 11)
	minute, ok2 := twoDigits(s, 14)
	if !ok1 || !ok2 || hour > 23 || minute > 59 {
		return 0, false
	}
	if part == "hour" {
		return hour, true
	}
	return minute, true
}

// instant reads a timestamp of RFC 3339, the only form whose order in time can be told without guessing a zone.
func instant(s []byte) (time.Time, bool) {
	// The shape is looked at first: the error for other text, which most text is, would cost an allocation.
	if len(s) < len("2006-01-02T15:04:05Z") || s[4] != '-' || s[10] != 'T' {
		return time.Time{}, false
	}
	var t time.Time
	err := t.UnmarshalText(s)
	return t, err == nil
}

func twoDigits(s []byte, i int) (int, bool) {
	a, b := s[i]-'0', s[i+1]-'0'
	return int(a)*10 + int(b), a <= 9 && b <= 9
}
