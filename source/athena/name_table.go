package athena

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/quell-ir/quell"
)

// Table names a table. Catalog and Database default to Athena's own.
type Table struct{ Catalog, Database, Name string }

var nameForm = regexp.MustCompile(`^[A-Za-z0-9_$-]{1,255}$`)

// ParseTable reads TABLE, DATABASE.TABLE or CATALOG.DATABASE.TABLE. Names of another form are refused: they become a part of
// a statement.
func ParseTable(text string) (Table, error) {
	parts := strings.Split(text, ".")
	if len(parts) > 3 || slices.ContainsFunc(parts, func(p string) bool { return !nameForm.MatchString(p) }) {
		return Table{}, &quell.Error{Code: quell.CodeUsage, What: fmt.Sprintf("%q is no name of a table", text), Next: "write TABLE, DATABASE.TABLE or CATALOG.DATABASE.TABLE"}
	}
	full := append(slices.Clone([]string{"AwsDataCatalog", "default"}[:3-len(parts)]), parts...)
	return Table{full[0], full[1], full[2]}, nil
}

// Query narrows what is read. Zero fields take everything.
type Query struct {
	Since, Until      time.Time
	Accounts, Regions []string
}

// shape is what of a table matters for a statement: its partition keys, and which of its columns tell time.
type shape struct {
	location string
	// day is the partition key that holds the day, and dayForm how; account and region those that hold these.
	day, dayForm, account, region string
	time                          string
}

// dayForms are the formats of partition projection that sort like their days, with Go's layouts for them.
// Source: Athena user guide, "Supported types for partition projection", date type.
var dayForms = map[string]string{"yyyy/MM/dd": "2006/01/02", "yyyy-MM-dd": "2006-01-02", "yyyyMMdd": "20060102"}

// readShape finds the keys by the names that AWS's guides give them.
func readShape(columns, partitions []string, parameters map[string]string) shape {
	s := shape{location: parameters["location"]}
	for _, key := range partitions {
		switch strings.ToLower(key) {
		case "account", "accountid", "account_id", "recipientaccountid":
			s.account = key
		case "region", "awsregion", "aws_region":
			s.region = key
		default:
			if layout, ok := dayForms[parameters["projection."+key+".format"]]; ok {
				s.day, s.dayForm = key, layout
			}
		}
	}
	for _, column := range columns {
		if strings.EqualFold(column, "eventtime") {
			s.time = column
		}
	}
	return s
}

// statement writes the query. Values are times that we format and words that are checked: nothing of a log gets in.
func (s shape) statement(t Table, q Query) (string, error) {
	var where []string
	among := func(key string, values []string) error {
		if key == "" || len(values) == 0 {
			return nil
		}
		for _, v := range values {
			if !nameForm.MatchString(v) {
				return &quell.Error{Code: quell.CodeUsage, What: fmt.Sprintf("%q is neither an account nor a region", v)}
			}
		}
		where = append(where, fmt.Sprintf(`"%s" IN ('%s')`, key, strings.Join(values, "', '")))
		return nil
	}
	if err := among(s.account, q.Accounts); err != nil {
		return "", err
	}
	if err := among(s.region, q.Regions); err != nil {
		return "", err
	}
	bound := func(at time.Time, op string, later time.Duration) {
		if at.IsZero() {
			return
		}
		at = at.UTC()
		// A file's day is that of delivery, which follows its events by minutes.
		if s.day != "" {
			where = append(where, fmt.Sprintf(`"%s" %s '%s'`, s.day, op, at.Add(later).Format(s.dayForm)))
		}
		if s.time != "" {
			where = append(where, fmt.Sprintf(`"%s" %s '%s'`, s.time, op, at.Format("2006-01-02T15:04:05Z")))
		}
	}
	bound(q.Since, ">=", 0)
	bound(q.Until, "<=", 24*time.Hour)
	text := fmt.Sprintf(`SELECT * FROM "%s"."%s"`, t.Database, t.Name)
	if len(where) > 0 {
		text += " WHERE " + strings.Join(where, " AND ")
	}
	return text, nil
}
