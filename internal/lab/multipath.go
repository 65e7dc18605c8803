package lab

import (
	"bytes"
	"context"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// AskMultipath requests a peering connection between two sites with multipath resilience. The SDK has no parameter for
// it yet, so it is added to the request before that is signed.
func (p *Person) AskMultipath(from, to Site) peering.ConnectionID {
	options := p.EC2.Options()
	options.APIOptions = append(options.APIOptions, func(stack *middleware.Stack) error {
		return stack.Build.Add(middleware.BuildMiddlewareFunc("AllowMultipathResilience", allowMultipath), middleware.After)
	})
	return p.request(ec2.New(options), from.VPC, to.Cell, to.VPC, "")
}

func allowMultipath(ctx context.Context, in middleware.BuildInput,
	next middleware.BuildHandler) (out middleware.BuildOutput, metadata middleware.Metadata, err error) {
	request := in.Request.(*smithyhttp.Request)
	form, err := io.ReadAll(request.GetStream())
	if err != nil {
		return out, metadata, err
	}
	form = append(form, "&RequesterPeeringConnectionOptions.AllowMultipathResilience=true"...)
	if request, err = request.SetStream(bytes.NewReader(form)); err != nil {
		return out, metadata, err
	}
	request.ContentLength = int64(len(form))
	in.Request = request
	return next.HandleBuild(ctx, in)
}
