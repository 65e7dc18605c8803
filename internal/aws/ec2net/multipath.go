package ec2net

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// multipathClient describes connections, and records those whose requester allows multipath resilience. The SDK's
// types lack these fields in service/ec2 v1.346.0, which go.mod requires, so it reads them from the response by
// their names in botocore 1.44.8. It isn't safe for concurrent use.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcPeeringConnection.html
type multipathClient struct {
	*ec2.Client
	allowed map[peering.ConnectionID]bool
}

// DescribeVpcPeeringConnections is the client's own call.
func (c multipathClient) DescribeVpcPeeringConnections(ctx context.Context, in *ec2.DescribeVpcPeeringConnectionsInput,
	options ...func(*ec2.Options)) (*ec2.DescribeVpcPeeringConnectionsOutput, error) {
	return c.Client.DescribeVpcPeeringConnections(ctx, in, append(options, ec2.WithAPIOptions(c.readAnswers))...)
}

// readAnswers adds a step that reads each response before the SDK does. The last step is the nearest to the network.
func (c multipathClient) readAnswers(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("ReadMultipathResilience",
		func(ctx context.Context, in middleware.DeserializeInput,
			next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleDeserialize(ctx, in)
			if response, ok := out.RawResponse.(*smithyhttp.Response); err == nil && ok && response.StatusCode == http.StatusOK {
				err = c.note(response)
			}
			return out, metadata, err
		}), middleware.After)
}

// note reads the response's body and replaces it by a copy, which closes the original: the SDK closes the body of every
// response, also after an error, and http.Response requires that of its user.
func (c multipathClient) note(response *smithyhttp.Response) error {
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{bytes.NewReader(data), response.Body}
	found, err := multipathIn(data)
	maps.Copy(c.allowed, found)
	return err
}

// multipathIn returns the connections of an answer whose requester allows multipath resilience. EC2 may not show
// the requester's options to the accepter. The status then shows that one side allows it, and before the acceptance
// that is the requester.
func multipathIn(answer []byte) (map[peering.ConnectionID]bool, error) {
	var described struct {
		Connections []struct {
			ID      peering.ConnectionID `xml:"vpcPeeringConnectionId"`
			Status  string               `xml:"multipathResilienceStatus"`
			Allowed bool                 `xml:"requesterVpcInfo>peeringOptions>allowMultipathResilience"`
		} `xml:"vpcPeeringConnectionSet>item"`
	}
	if err := xml.Unmarshal(answer, &described); err != nil {
		return nil, fmt.Errorf("parse the answer: %w", err)
	}
	allowed := map[peering.ConnectionID]bool{}
	for _, c := range described.Connections {
		allowed[c.ID] = c.Allowed || c.Status == "pending" || c.Status == "enabled"
	}
	return allowed, nil
}
