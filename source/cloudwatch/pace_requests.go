package cloudwatch

import (
	"time"

	"github.com/quell-ir/quell/source/pace"
)

// perRequest keeps to five requests a second, the least that any region allows for FilterLogEvents and
// DescribeMetricFilters. Source: CloudWatch Logs user guide, "CloudWatch Logs quotas". DescribeAlarms is allowed more.
const perRequest = 200 * time.Millisecond

func (r Reader) pace() *pace.Pace {
	return &pace.Pace{Clock: r.Clock, Every: perRequest, Tries: r.Tries}
}
