package trail

import (
	"cmp"
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/quell-ir/quell/source/pace"
)

// alwaysOn are the regions that every commercial account has without opting in (AWS Account Management guide).
var alwaysOn = []string{
	"ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1",
	"eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
}

// Regions lists the regions enabled for the account, sorted. Where EC2 does not tell, it lists those that every account
// has, and why says what could not be learnt: an intruder may have enabled others. The error is the context's only.
func (l Lookup) Regions(ctx context.Context) (regions []string, why string, err error) {
	home := cmp.Or(l.Home, "us-east-1")
	client := ec2.NewFromConfig(l.Config(home), func(o *ec2.Options) { o.Retryer = aws.NopRetryer{} })
	var out *ec2.DescribeRegionsOutput
	asked := l.retry(ctx, &pace.Pace{Clock: l.Clock, Every: perRequest}, &holdOff{clock: l.Clock}, func() (err error) {
		// AllRegions left out: the answer then holds enabled regions only.
		out, err = client.DescribeRegions(ctx, &ec2.DescribeRegionsInput{})
		return err
	})
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	// An empty answer is as useless as none: some emulators give it.
	if asked == nil {
		for _, region := range out.Regions {
			if name := aws.ToString(region.RegionName); name != "" {
				regions = append(regions, name)
			}
		}
	}
	if len(regions) > 0 {
		slices.Sort(regions)
		return slices.Compact(regions), "", nil
	}
	// To look at fewer regions than asked without a word would make silence look like innocence.
	reason := "an empty list"
	if asked != nil {
		reason = explainFrom("EC2", asked)
	}
	return slices.Clone(alwaysOn), "ec2:DescribeRegions in " + home + " gave " + reason + "; opt-in regions were not asked", nil
}
