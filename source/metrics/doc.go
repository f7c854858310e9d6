// Package metrics reads metrics of CloudWatch over all regions.
//
// What comes in: an AWS configuration per region, a clock, and which metrics are wanted. What goes out: their datapoints, a
// minute each over the time asked for and an hour each over the days before, by resource; and a Coverage that tells region
// by region how many metrics were found and asked for, and which regions refused.
//
// What is promised: every page of every list or a reason why not; at most 500 metrics a request and a pace that every region
// allows; the number of metrics asked for, because AWS bills GetMetricData by them; nothing is changed; no SDK client
// outlives a region. Package detect/flood judges what is read.
package metrics
