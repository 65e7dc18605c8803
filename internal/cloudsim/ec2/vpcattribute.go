package ec2

import (
	"slices"
	"strings"
)

const (
	defaultTenancy   = "default"
	dedicatedTenancy = "dedicated"
)

// tenancy reads the tenancy of a new VPC. A VPC can't have the tenancy host, which instances can.
func (r *request) tenancy() (string, error) {
	switch t := r.params["InstanceTenancy"]; t {
	case "":
		return defaultTenancy, nil
	case defaultTenancy, dedicatedTenancy:
		return t, nil
	default:
		return "", invalidValue("Value (%s) for parameter instanceTenancy is invalid.", t)
	}
}

// modifyTenancy changes a dedicated VPC into one of default tenancy. EC2 has no way back.
func modifyTenancy(r *request) ([]node, error) {
	v, err := find(typeVPC, r.params, "VpcId", r.cell.vpcs)
	if err != nil {
		return nil, err
	}
	if t := r.params["InstanceTenancy"]; t != defaultTenancy {
		return nil, invalidValue("Value (%s) for parameter instanceTenancy is invalid.", t)
	}
	v.tenancy = defaultTenancy
	return done(), nil
}

// vpcAttributes are the attributes of a VPC by their names in ModifyVpcAttribute.
var vpcAttributes = map[string]func(*vpc) *bool{
	"EnableDnsSupport":                 func(v *vpc) *bool { return &v.dnsSupport },
	"EnableDnsHostnames":               func(v *vpc) *bool { return &v.dnsHostnames },
	"EnableNetworkAddressUsageMetrics": func(v *vpc) *bool { return &v.usageMetrics },
}

func describeVpcAttribute(r *request) ([]node, error) {
	v, err := find(typeVPC, r.params, "VpcId", r.cell.vpcs)
	if err != nil {
		return nil, err
	}
	attribute, err := r.must("Attribute")
	if err != nil {
		return nil, err
	}
	for name, value := range vpcAttributes {
		if lowerFirst(name) == attribute {
			return []node{leaf("vpcId", v.id), group(attribute, leaf("value", *value(v)))}, nil
		}
	}
	return nil, invalidValue("Value (%s) for parameter attribute is invalid. Unknown attribute.", attribute)
}

// modifyVpcAttribute changes one attribute, as AWS allows no more in one call.
func modifyVpcAttribute(r *request) ([]node, error) {
	v, err := find(typeVPC, r.params, "VpcId", r.cell.vpcs)
	if err != nil {
		return nil, err
	}
	if r.params["EnableDnsHostnames.Value"] == "true" && !v.dnsSupport { // the code and the text aren't documented
		return nil, invalidValue("DNS hostnames of %s can be enabled only if DNS support is enabled", v.id)
	}
	return r.modifyOne(func(name string) *bool {
		if value, known := vpcAttributes[name]; known {
			return value(v)
		}
		return nil
	})
}

// modifyOne changes the only attribute that the request names: value returns the place of its value, or nil for a
// parameter that is no attribute.
func (r *request) modifyOne(value func(name string) *bool) ([]node, error) {
	var named []string
	for _, root := range roots(r.params) {
		if value(root) != nil {
			named = append(named, root)
		}
	}
	slices.Sort(named)
	switch len(named) {
	case 0:
		return nil, missing("attribute")
	case 1:
		place := value(named[0])
		var err error
		*place, err = r.changed(named[0]+".Value", *place)
		return done(), err
	}
	return nil, combination("Fields for multiple attribute types specified: " + fieldNames(named))
}

func fieldNames(names []string) string {
	fields := make([]string, len(names))
	for i, name := range names {
		fields[i] = lowerFirst(name)
	}
	return strings.Join(fields, ", ")
}

// changed returns the flag that the request wants, or the one there is if it cannot be read.
func (r *request) changed(name string, now bool) (bool, error) {
	wanted, err := r.bool(name)
	if err != nil {
		return now, err
	}
	return wanted, nil
}
