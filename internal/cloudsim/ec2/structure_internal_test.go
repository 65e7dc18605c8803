package ec2

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
)

// lastQuery keeps the parameters of the last call.
type lastQuery struct{ form url.Values }

func (q *lastQuery) Do(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		q.form, err = url.ParseQuery(string(body))
	}
	return nil, errors.Join(err, errors.New("no answer"))
}

// TestEveryMemberOfTheSDKIsKnown sends each call with all fields that the SDK has for it.
func TestEveryMemberOfTheSDKIsKnown(t *testing.T) {
	t.Parallel()
	q := &lastQuery{}
	client := reflect.ValueOf(sdk.New(sdk.Options{
		Region: "us-east-1", BaseEndpoint: aws.String("http://ec2.test"), HTTPClient: q, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("111111111111", "any", ""),
	}))
	for name, a := range actions {
		call := client.MethodByName(name)
		if !call.IsValid() {
			t.Errorf("the SDK has no call %s", name)
			continue
		}
		in := reflect.New(call.Type().In(1).Elem())
		fill(in.Elem(), 0)
		q.form = nil
		call.Call([]reflect.Value{reflect.ValueOf(t.Context()), in})
		if q.form.Get("Action") != name {
			t.Errorf("%s sends %v", name, q.form)
		}
		for param := range q.form {
			root, _, _ := strings.Cut(param, ".")
			if m := unknownMember(param); m != "" && slices.Contains(strings.Fields(a.takes), root) {
				t.Errorf("%s: %s of %s is unknown", name, m, param)
			}
		}
	}
}

// fill sets all fields, lists to one member.
func fill(v reflect.Value, depth int) {
	if depth > 12 || !v.CanSet() {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth+1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), depth+1)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), depth+1)
		}
	case reflect.String:
		v.SetString("x")
	case reflect.Int32, reflect.Int64:
		v.SetInt(1)
	case reflect.Bool:
		v.SetBool(true)
	}
}
