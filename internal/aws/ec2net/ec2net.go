// Package ec2net reads and changes EC2's network resources in the domain's types. It paginates, filters, translates and
// gives every error of EC2 its fault class. It makes no decisions, and returns no type of the SDK.
package ec2net

import (
	"context"
	"maps"
	"net/netip"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/autopeer/autopeer/internal/parallel"
)

// Network is EC2 in one cell.
type Network struct{ client *ec2.Client }

// New returns the network in the account of the client's credentials and in the client's Region.
func New(client *ec2.Client) *Network { return &Network{client: client} }

// EC2 accepts pages of 5 to 1,000, of route tables at most 100. Larger pages are fewer round trips.
const (
	pageSize      = 1000
	tablePageSize = 100
	listPageSize  = 100 // of the entries of prefix lists
)

// maxFilterValues is the number of values that EC2 accepts in one filter.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
const maxFilterValues = 200

// byValues reads the resources that match one of the values in the filter of that name, in concurrent calls with up to
// maxFilterValues values. Without a value it reads nothing, because a filter without values would match everything.
func byValues[V ~string, T any](
	ctx context.Context, name string, values []V, read func(context.Context, ...types.Filter) ([]T, error),
) ([]T, error) {
	chunks := slices.Collect(slices.Chunk(values, maxFilterValues))
	found := make([][]T, len(chunks))
	reads := make([]parallel.Task, len(chunks))
	for i, some := range chunks {
		reads[i] = parallel.Read(&found[i], read, filter(name, some...))
	}
	err := parallel.Do(ctx, reads...)
	return slices.Concat(found...), err
}

// filter is one filter of a describe: any of the values.
func filter[V ~string](name string, values ...V) types.Filter {
	f := types.Filter{Name: aws.String(name)}
	for _, v := range values {
		f.Values = append(f.Values, string(v))
	}
	return f
}

// paginator is implemented by every paginator of the SDK.
type paginator[Out any] interface {
	HasMorePages() bool
	NextPage(context.Context, ...func(*ec2.Options)) (*Out, error)
}

// collect reads all pages of a describe and translates their items.
func collect[Out, Item, Value any](ctx context.Context, call string, pages paginator[Out], items func(*Out) []Item,
	translate func(Item) Value) ([]Value, error) {
	var all []Value
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, classify(action{description: call}, err)
		}
		for _, item := range items(page) {
			all = append(all, translate(item))
		}
	}
	return all, nil
}

func tagsOf(tags []types.Tag) map[string]string {
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		m[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return m
}

func sdkTags(tags map[string]string) []types.Tag {
	var all []types.Tag
	for _, k := range slices.Sorted(maps.Keys(tags)) { // so that equal calls are recorded equally
		all = append(all, types.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	return all
}

// prefix parses a CIDR block of an answer. Any other text becomes the invalid prefix, which matches nothing.
func prefix(s *string) netip.Prefix {
	p, err := netip.ParsePrefix(aws.ToString(s))
	if err != nil {
		return netip.Prefix{}
	}
	return p.Masked()
}
