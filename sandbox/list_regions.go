package sandbox

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func registerRegions(r registry) {
	reads(r, "EC2.DescribeRegions", (*call).describeRegions)
}

func (c *call) describeRegions(in *ec2.DescribeRegionsInput) (*ec2.DescribeRegionsOutput, error) {
	out := &ec2.DescribeRegionsOutput{Regions: []ec2types.Region{}}
	for _, name := range slices.Sorted(slices.Values(c.w.opt.Regions)) {
		if len(in.RegionNames) > 0 && !slices.Contains(in.RegionNames, name) {
			continue
		}
		out.Regions = append(out.Regions, ec2types.Region{
			RegionName: aws.String(name), Endpoint: aws.String("ec2." + name + ".amazonaws.com"),
			OptInStatus: aws.String("opt-in-not-required"),
		})
	}
	return out, nil
}
