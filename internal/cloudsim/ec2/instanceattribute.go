package ec2

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
)

// instanceFlags are the attributes of an instance that are true or false and that only the instance's owner looks at.
var instanceFlags = map[string]func(*instance) *bool{
	"DisableApiTermination": func(i *instance) *bool { return &i.options.keepsLiving },
	"DisableApiStop":        func(i *instance) *bool { return &i.options.keepsRunning },
	"EbsOptimized":          func(i *instance) *bool { return &i.options.ebsOptimized },
}

const (
	modifyInstanceParams = "InstanceId Attribute Value DisableApiTermination DisableApiStop EbsOptimized " +
		"SourceDestCheck GroupId InstanceInitiatedShutdownBehavior UserData InstanceType"
	metadataParams = "InstanceId HttpTokens HttpEndpoint HttpProtocolIpv6 InstanceMetadataTags HttpPutResponseHopLimit"
)

func (r *request) instance() (*instance, error) {
	return find(typeInstance, r.params, "InstanceId", r.cell.instances)
}

func describeInstanceAttribute(r *request) ([]node, error) {
	i, err := r.instance()
	if err != nil {
		return nil, err
	}
	name, err := r.must("Attribute")
	if err != nil {
		return nil, err
	}
	attribute, known := i.attribute(name)
	if !known {
		return nil, invalidValue("Value (%s) for parameter attribute is invalid. Unknown attribute.", name)
	}
	return []node{leaf("instanceId", i.id), attribute}, nil
}

func (i *instance) attribute(name string) (node, bool) {
	for parameter, value := range instanceFlags {
		if lowerFirst(parameter) == name {
			return group(name, leaf("value", *value(i))), true
		}
	}
	switch name {
	case "instanceType":
		return group(name, leaf("value", i.size)), true
	case "instanceInitiatedShutdownBehavior":
		return group(name, leaf("value", i.options.shutdown)), true
	case "userData":
		return group(name, optional("value", i.options.userData)...), true
	case "rootDeviceName":
		return group(name, leaf("value", imageOf(i.image, i.region).device)), true
	case "blockDeviceMapping":
		return listOf(name, i.options.volumes, showMapping), true
	case "sourceDestCheck", "groupSet":
		return i.interfaceAttribute(name), true
	}
	return node{}, false
}

// interfaceAttribute returns an attribute of the primary interface, which a terminated instance hasn't.
func (i *instance) interfaceAttribute(name string) node {
	switch {
	case len(i.faces) == 0:
		return group(name)
	case name == "groupSet":
		return i.faces[0].groupsNode()
	}
	return group(name, leaf("value", !i.faces[0].unchecked))
}

// modifyInstanceAttribute takes an attribute by a parameter of its own, or by Attribute and Value.
func modifyInstanceAttribute(r *request) ([]node, error) {
	i, err := r.instance()
	if err != nil {
		return nil, err
	}
	if name := r.params["Attribute"]; name != "" {
		inner := *r
		inner.params = params{strings.ToUpper(name[:1]) + name[1:] + ".Value": r.params["Value"]}
		r = &inner
	}
	switch {
	case r.has("GroupId"), r.has("SourceDestCheck"):
		return done(), r.modifyPrimary(i)
	case r.has("InstanceInitiatedShutdownBehavior"):
		behavior := r.params["InstanceInitiatedShutdownBehavior.Value"]
		if !oneOf(behavior, "stop terminate") {
			return nil, invalidValue("Value (%s) for parameter instanceInitiatedShutdownBehavior is invalid.", behavior)
		}
		i.options.shutdown = behavior
		return done(), nil
	case r.has("UserData"), r.has("InstanceType"):
		return done(), r.modifyStopped(i)
	}
	return r.modifyOne(func(name string) *bool {
		if value, known := instanceFlags[name]; known {
			return value(i)
		}
		return nil
	})
}

// modifyStopped changes an attribute that a running instance keeps.
func (r *request) modifyStopped(i *instance) error {
	if !i.stopped {
		return refuse("IncorrectInstanceState", "The instance '%s' is not in the 'stopped' state.", i.id)
	}
	if r.has("InstanceType") {
		size, err := r.must("InstanceType.Value")
		if err == nil {
			i.size = size
		}
		return err
	}
	data := r.params["UserData.Value"]
	if _, err := base64.StdEncoding.DecodeString(data); err != nil {
		return invalidValue("Invalid BASE64 encoding of user data.")
	}
	i.options.userData = data
	return nil
}

// modifyPrimary changes an attribute of the primary interface.
func (r *request) modifyPrimary(i *instance) error {
	if i.terminated {
		return refuse("IncorrectInstanceState", "The instance '%s' is not in a valid state for this operation.", i.id)
	}
	primary := i.faces[0]
	if r.has("SourceDestCheck") {
		checked, err := r.changed("SourceDestCheck.Value", !primary.unchecked)
		primary.unchecked = !checked
		return err
	}
	inner := *r
	inner.params = params{}
	for n, id := range r.list("GroupId") {
		inner.params["SecurityGroupId."+strconv.Itoa(n+1)] = id
	}
	groups, err := inner.instanceGroups(i.subnet.vpc)
	if err == nil {
		primary.groups = groups
	}
	return err
}

func modifyMetadataOptions(r *request) ([]node, error) {
	i, err := r.instance()
	if err != nil {
		return nil, err
	}
	if i.options.metadata, err = metadataOptionsOf(r.params, i.options.metadata); err != nil {
		return nil, err
	}
	return []node{leaf("instanceId", i.id), i.options.metadata.node("instanceMetadataOptions")}, nil
}

var creditListing = listing[*instance]{
	set: "instanceCreditSpecificationSet", ids: "InstanceId", resourceType: typeInstance, most: 1000,
	id:      func(i *instance) string { return i.id },
	filters: filters[*instance]{"instance-id": one(func(i *instance) string { return i.id })},
	show: func(i *instance) []node {
		return []node{leaf("instanceId", i.id), leaf("cpuCredits", i.options.credits)}
	},
}

// describeCredits lists burstable instances. Without ids it lists those with unlimited credits, as AWS documents.
func describeCredits(r *request) ([]node, error) {
	byID := len(r.list("InstanceId")) > 0
	return describe(r, creditListing, slices.DeleteFunc(sorted(r.cell.instances), func(i *instance) bool {
		return i.terminated || i.options.credits == "" || !byID && i.options.credits != "unlimited"
	}))
}

var statusListing = listing[*instance]{
	set: "instanceStatusSet", ids: "InstanceId", resourceType: typeInstance, most: 1000,
	id: func(i *instance) string { return i.id },
	filters: filters[*instance]{
		"availability-zone":      one(func(i *instance) string { return i.subnet.zone }),
		"instance-state-name":    one((*instance).state),
		"instance-state-code":    one((*instance).stateCode),
		"instance-status.status": one((*instance).health),
		"system-status.status":   one((*instance).health),
	},
	show: func(i *instance) []node {
		return []node{
			leaf("instanceId", i.id), leaf("availabilityZone", i.subnet.zone), stateNode("instanceState", i.state()),
			group("instanceStatus", leaf("status", i.health())), group("systemStatus", leaf("status", i.health())),
		}
	},
}

func (i *instance) health() string {
	if !i.runs() {
		return "not-applicable"
	}
	return "ok"
}

// describeStatus lists instances that run, and the others too if the request wants all.
func describeStatus(r *request) ([]node, error) {
	every, err := r.bool("IncludeAllInstances")
	if err != nil {
		return nil, err
	}
	known := sorted(r.cell.instances)
	if err := statusListing.exist(r.list("InstanceId"), known); err != nil {
		return nil, err
	}
	ids := r.list("InstanceId")
	l := statusListing
	l.ids = ""
	return describe(r, l, slices.DeleteFunc(known, func(i *instance) bool {
		return !i.runs() && !every || len(ids) > 0 && !slices.Contains(ids, i.id)
	}))
}

func monitorInstances(r *request) ([]node, error)   { return r.monitor(true) }
func unmonitorInstances(r *request) ([]node, error) { return r.monitor(false) }

func (r *request) monitor(on bool) ([]node, error) {
	var all []*instance
	for _, id := range r.list("InstanceId") {
		i, err := lookUp(typeInstance, id, r.cell.instances)
		if err != nil {
			return nil, err
		}
		all = append(all, i)
	}
	if len(all) == 0 {
		return nil, missing("InstanceId")
	}
	return []node{listOf("instancesSet", all, func(i *instance) []node {
		i.options.monitored = on
		return []node{leaf("instanceId", i.id), group("monitoring", leaf("state", enabledText(on)))}
	})}, nil
}
