package ec2

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

const runParams = "ImageId InstanceType SubnetId PrivateIpAddress SecurityGroupId SecurityGroup NetworkInterface " +
	"MinCount MaxCount TagSpecification KeyName UserData IamInstanceProfile Monitoring Placement EbsOptimized " +
	"BlockDeviceMapping CreditSpecification MetadataOptions DisableApiTermination DisableApiStop " +
	"InstanceInitiatedShutdownBehavior HibernationOptions EnclaveOptions MaintenanceOptions " +
	"CapacityReservationSpecification CpuOptions PrivateDnsNameOptions Ipv6AddressCount Ipv6Address"

// instanceOptions are the options of an instance that nothing in its network depends on: it only keeps and shows them.
type instanceOptions struct {
	since        time.Time
	key          string
	userData     string // in Base64
	profile      string // the ARN of an instance profile
	shutdown     string
	credits      string
	tenancy      string
	monitored    bool
	ebsOptimized bool
	hibernates   bool
	keepsRunning bool // DisableApiStop
	keepsLiving  bool // DisableApiTermination
	metadata     metadataOptions
	names        nameOptions
	volumes      []*volume
	public       netip.Addr // the zero Addr if it has none
	wantsPublic  bool       // a public address at each start
	starts       int        // after a stop
	stoppedAt    time.Time
}

type metadataOptions struct {
	tokens, endpoint, ipv6, tags string
	hops                         int
}

// nameOptions are those of the names that an instance has in its VPC.
type nameOptions struct {
	kind    string // ip-name or resource-name
	a, aaaa bool   // records of the name by the instance's id
}

// publicParam asks for a public address for the primary interface.
const publicParam = "NetworkInterface.1.AssociatePublicIpAddress"

// options reads them for one instance of the subnet: each has volumes of its own.
func (r *request) options(s *subnet) (instanceOptions, error) {
	o := instanceOptions{
		since:    r.now,
		key:      r.params["KeyName"],
		userData: r.params["UserData"],
		profile:  r.profile(),
		shutdown: orText(r.params["InstanceInitiatedShutdownBehavior"], "stop"),
		credits:  orText(r.params["CreditSpecification.CpuCredits"], standardCredits(r.params["InstanceType"])),
		tenancy:  orText(r.params["Placement.Tenancy"], defaultTenancy),
	}
	if err := r.checkKey(o.key); err != nil {
		return o, err
	}
	if _, err := base64.StdEncoding.DecodeString(o.userData); err != nil {
		return o, invalidValue("Invalid BASE64 encoding of user data.")
	}
	if o.shutdown != "stop" && o.shutdown != "terminate" {
		return o, invalidValue("Value (%s) for parameter instanceInitiatedShutdownBehavior is invalid.", o.shutdown)
	}
	for name, place := range map[string]*bool{
		"Monitoring.Enabled": &o.monitored, "EbsOptimized": &o.ebsOptimized, "HibernationOptions.Configured": &o.hibernates,
		"DisableApiStop": &o.keepsRunning, "DisableApiTermination": &o.keepsLiving,
	} {
		var err error
		if *place, err = r.bool(name); err != nil {
			return o, err
		}
	}
	if _, err := r.bool(publicParam); err != nil {
		return o, err
	}
	var err error
	if o.metadata, err = metadataOptionsOf(r.within("MetadataOptions"),
		standardMetadata(r.params["ImageId"], r.cell.region)); err != nil {
		return o, err
	}
	if o.names, err = r.nameOptions(s); err != nil {
		return o, err
	}
	o.volumes, err = r.newVolumes()
	return o, err
}

// nameOptions reads PrivateDnsNameOptions, in place of the options that the subnet gives:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_PrivateDnsNameOptionsRequest.html
func (r *request) nameOptions(s *subnet) (nameOptions, error) {
	p := r.within("PrivateDnsNameOptions")
	o := nameOptions{orText(p["HostnameType"], s.hostnameType()), s.launch.recordA, s.launch.recordAAAA}
	switch {
	case !oneOf(o.kind, ipName+" "+resourceName):
		return o, invalidValue("Value (%s) for parameter hostnameType is invalid.", o.kind)
	case o.kind == ipName && s.isNative(): // the code isn't documented
		return o, invalidValue("The hostname type in the IPv6-only subnet %s must be resource-name", s.id)
	}
	for name, place := range map[string]*bool{
		"EnableResourceNameDnsARecord": &o.a, "EnableResourceNameDnsAAAARecord": &o.aaaa,
	} {
		if !p.has(name) {
			continue
		}
		var err error
		if *place, err = p.bool(name); err != nil {
			return o, err
		}
	}
	return o, nil
}

func orText(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// profile is the ARN of the instance profile, which the request may give by name.
func (r *request) profile() string {
	if name := r.params["IamInstanceProfile.Name"]; name != "" {
		return "arn:aws:iam::" + r.cell.account + ":instance-profile/" + name
	}
	return r.params["IamInstanceProfile.Arn"]
}

// standardCredits is the default of burstable instance types, and empty for others:
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances-unlimited-mode-concepts.html
func standardCredits(size string) string {
	switch family, _, _ := strings.Cut(size, "."); family {
	case "t1", "t2":
		return "standard"
	case "t3", "t3a", "t4g":
		return "unlimited"
	}
	return ""
}

// standardMetadata are the options of an image: AWS's newer ones require version 2 of the service.
func standardMetadata(id, region string) metadataOptions {
	m := metadataOptions{tokens: "optional", endpoint: "enabled", ipv6: "disabled", tags: "disabled", hops: 1}
	if imageOf(id, region).imds {
		m.tokens, m.hops = "required", 2
	}
	return m
}

func metadataOptionsOf(p params, m metadataOptions) (metadataOptions, error) {
	for _, field := range []struct {
		name   string
		place  *string
		values string
	}{
		{"HttpTokens", &m.tokens, "optional required"},
		{"HttpEndpoint", &m.endpoint, "disabled enabled"},
		{"HttpProtocolIpv6", &m.ipv6, "disabled enabled"},
		{"InstanceMetadataTags", &m.tags, "disabled enabled"},
	} {
		v := p[field.name]
		if v == "" {
			continue
		}
		if !oneOf(v, field.values) {
			return m, invalidValue("Value (%s) for parameter %s is invalid.", v, lowerFirst(field.name))
		}
		*field.place = v
	}
	var err error
	if m.hops, err = p.int("HttpPutResponseHopLimit", m.hops); err == nil && (m.hops < 1 || m.hops > 64) {
		err = invalidValue("Value (%d) for parameter httpPutResponseHopLimit is invalid. Expecting a value between 1 and 64.",
			m.hops)
	}
	return m, err
}

func (m metadataOptions) node(name string) node {
	return group(name,
		leaf("state", "applied"),
		leaf("httpTokens", m.tokens),
		leaf("httpPutResponseHopLimit", m.hops),
		leaf("httpEndpoint", m.endpoint),
		leaf("httpProtocolIpv6", m.ipv6),
		leaf("instanceMetadataTags", m.tags))
}

func oneOf(v, values string) bool {
	for _, known := range strings.Fields(values) {
		if v == known {
			return true
		}
	}
	return false
}

// givePublicAddress gives the instance a public address if the request wants one, or else its subnet. It is for IPv4:
// without a private IPv4 address there is none.
func (r *request) givePublicAddress(i *instance) {
	wanted := i.subnet.launch.publicIP
	if r.has(publicParam) {
		wanted, _ = r.bool(publicParam) // options has read it
	}
	if wanted && !i.subnet.isNative() {
		i.options.wantsPublic, i.options.public = true, i.derivedPublic()
	}
}

// derivedPublic is another address after each stop.
func (i *instance) derivedPublic() netip.Addr {
	name := i.id
	if i.options.starts > 0 {
		name = fmt.Sprint(name, " ", i.options.starts)
	}
	sum := sha256.Sum256([]byte(name))
	return netip.AddrFrom4([4]byte{3, sum[0], sum[1], sum[2]})
}

// public returns the elastic IP address of the primary interface, or the address that EC2 gave the instance at its
// launch. It is not valid if there is neither.
func (i *instance) public() netip.Addr {
	if bound := i.faces[0].bound(); len(bound) > 0 {
		return bound[0].public
	}
	return i.options.public
}

func (i *instance) publicName() string {
	if !i.subnet.vpc.dnsHostnames {
		return ""
	}
	domain := ".compute-1.amazonaws.com"
	if i.region != "us-east-1" {
		domain = "." + i.region + ".compute.amazonaws.com"
	}
	return "ec2-" + strings.ReplaceAll(i.public().String(), ".", "-") + domain
}

// publicNode is the association of the primary interface with its public address.
func (i *instance) publicNode() []node {
	if !i.options.public.IsValid() {
		return nil
	}
	return []node{group("association", leaf("ipOwnerId", "amazon"), leaf("publicDnsName", i.publicName()),
		leaf("publicIp", i.options.public.String()))}
}

// showOptions shows the options of an instance that runs.
func (i *instance) showOptions() []node {
	o, image := i.options, imageOf(i.image, i.region)
	nodes := []node{
		group("monitoring", leaf("state", enabledText(o.monitored))),
		leaf("ebsOptimized", o.ebsOptimized),
		group("hibernationOptions", leaf("configured", o.hibernates)),
		group("enclaveOptions", leaf("enabled", false)),
		group("maintenanceOptions", leaf("autoRecovery", "default")),
		group("capacityReservationSpecification", leaf("capacityReservationPreference", "open")),
		o.metadata.node("metadataOptions"),
		group("privateDnsNameOptions", leaf("hostnameType", o.names.kind),
			leaf("enableResourceNameDnsARecord", o.names.a), leaf("enableResourceNameDnsAAAARecord", o.names.aaaa)),
		leaf("architecture", image.architecture),
		leaf("virtualizationType", "hvm"),
		leaf("hypervisor", "xen"),
		leaf("enaSupport", true),
		leaf("rootDeviceType", "ebs"),
		leaf("rootDeviceName", image.device),
		leaf("platformDetails", "Linux/UNIX"),
		leaf("usageOperation", "RunInstances"),
		list("productCodes"),
		listOf("blockDeviceMapping", o.volumes, showMapping),
	}
	nodes = append(nodes, i.cpuNodes()...)
	nodes = append(nodes, optional("keyName", o.key)...)
	if public := i.public(); public.IsValid() {
		nodes = append(nodes, leaf("ipAddress", public.String()), leaf("dnsName", i.publicName()))
	}
	if o.profile != "" {
		nodes = append(nodes, group("iamInstanceProfile", leaf("arn", o.profile), leaf("id", profileID(o.profile))))
	}
	return nodes
}

// profileID is an id as IAM gives one to an instance profile.
func profileID(arn string) string {
	sum := sha256.Sum256([]byte(arn))
	return "AIPA" + base32.StdEncoding.EncodeToString(sum[:])[:17]
}

func enabledText(on bool) string {
	if on {
		return "enabled"
	}
	return "disabled"
}
