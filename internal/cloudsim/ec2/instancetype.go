package ec2

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// instanceType is a type of instance, t3.micro for example.
type instanceType struct {
	name          string
	vcpus, memory int // memory in MiB
}

// burstableSizes are the sizes of the burstable families with the memory of each in MiB.
var burstableSizes = []struct {
	name              string
	vcpus, t2, memory int
}{
	{"nano", 2, 1, 512}, {"micro", 2, 1, 1024}, {"small", 2, 1, 2048}, {"medium", 2, 2, 4096},
	{"large", 2, 2, 8192}, {"xlarge", 4, 4, 16384}, {"2xlarge", 8, 8, 32768},
}

// otherFamilies are some families with fixed performance, with the memory of each vCPU in GiB.
var otherFamilies = map[string]int{
	"m5": 4, "m5a": 4, "m6i": 4, "m6g": 4, "m7i": 4, "m7g": 4, "c5": 2, "c6i": 2, "c6g": 2, "c7i": 2, "c7g": 2, "r5": 8,
	"r6i": 8, "r6g": 8, "r7g": 8,
}

var otherSizes = map[string]int{"large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16}

// families are the names of AWS's families in the models of its SDKs of September 2026.
const families = "" +
	"a1 c1 c3 c4 c5 c5a c5ad c5d c5n c6a c6g c6gd c6gn c6i c6id c6in c7a c7g c7gd c7gn c7i c7i-flex c8a c8g " +
	"c8gb c8gd c8gn c8i c8i-flex c8ib c8id c8in c8ine c9g c9gd cc1 cc2 cg1 cr1 d2 d3 d3en dl1 dl2q f1 f2 g2 " +
	"g3 g3s g4ad g4dn g5 g5g g6 g6e g6f g7 g7e gr6 gr6f h1 hi1 hpc6a hpc6id hpc7a hpc7g hpc8a hs1 i2 i3 i3en " +
	"i4g i4i i7i i7ie i8g i8ge im4gn inf1 inf2 is4gen m1 m2 m3 m4 m5 m5a m5ad m5d m5dn m5n m5zn m6a m6g m6gd " +
	"m6i m6id m6idn m6in m7a m7g m7gd m7i m7i-flex m8a m8azn m8g m8gb m8gd m8gn m8i m8i-flex m8ib m8id m8idb " +
	"m8idn m8in m8ine m9g m9gd mac-m3ultra mac-m4 mac-m4max mac-m4pro mac1 mac2 mac2-m1ultra mac2-m2 " +
	"mac2-m2pro p2 p3 p3dn p4d p4de p5 p5e p5en p6-b200 p6-b300 p6e-gb200 r3 r4 r5 r5a r5ad r5b r5d r5dn r5n " +
	"r6a r6g r6gd r6i r6id r6idn r6in r7a r7g r7gd r7i r7iz r8a r8g r8gb r8gd r8gn r8i r8i-flex r8ib r8id " +
	"r8idb r8idn r8in r9g r9gd t1 t2 t3 t3a t4g trn1 trn1n trn2 u-12tb1 u-18tb1 u-24tb1 u-3tb1 u-6tb1 u-9tb1 " +
	"u7i-12tb u7i-6tb u7i-8tb u7ib-12tb u7in-16tb u7in-24tb u7in-32tb u7inh-32tb vt1 x1 x1e x2gd x2idn x2iedn " +
	"x2iezn x8aedz x8g x8i z1d"

var anySize = regexp.MustCompile(`^(nano|micro|small|medium|large|xlarge|[1-9]\d{0,2}xlarge|metal|metal-[1-9]\dxl)$`)

// isInstanceType reports whether the name is one of a family's. Which sizes a family has is known of the burstable ones
// alone.
func isInstanceType(name string) bool {
	family, size, _ := strings.Cut(name, ".")
	if !oneOf(family, families) || !anySize.MatchString(size) {
		return false
	}
	t := instanceType{name: name}
	isListed := slices.ContainsFunc(instanceTypes(), func(i instanceType) bool { return i.name == name })
	return family == "t1" || !t.isBurstable() || isListed
}

// instanceTypes are those that tools for beginners use. RunInstances takes others too.
func instanceTypes() []instanceType {
	var all []instanceType
	for _, family := range []string{"t2", "t3", "t3a", "t4g"} {
		for _, size := range burstableSizes {
			vcpus := size.vcpus
			if family == "t2" {
				vcpus = size.t2
			}
			all = append(all, instanceType{family + "." + size.name, vcpus, size.memory})
		}
	}
	for family, memory := range otherFamilies {
		for size, vcpus := range otherSizes {
			all = append(all, instanceType{family + "." + size, vcpus, memory * vcpus * 1024})
		}
	}
	slices.SortFunc(all, func(a, b instanceType) int { return strings.Compare(a.name, b.name) })
	return all
}

// typeNamed returns a type of one core for a name that isn't listed.
func typeNamed(name string) instanceType {
	for _, t := range instanceTypes() {
		if t.name == name {
			return t
		}
	}
	return instanceType{name, 2, 4096}
}

func (t instanceType) family() string {
	family, _, _ := strings.Cut(t.name, ".")
	return family
}

func (t instanceType) isXen() bool { return t.family() == "t2" }

// olderFamilies run on Xen: https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-nitro-instances.html.
const olderFamilies = "c1 c3 c4 cc1 cc2 cg1 cr1 d2 f1 g2 g3 g3s h1 hi1 hs1 i2 i3 m1 m2 m3 m4 p2 p3 r3 r4 t1 t2 x1 x1e"

// isNitro: i3.metal is built on Nitro, other than the rest of its family.
func (t instanceType) isNitro() bool {
	return t.name == "i3.metal" || !oneOf(t.family(), olderFamilies)
}

func (t instanceType) hypervisor() string {
	if t.isXen() {
		return "xen"
	}
	return "nitro"
}

func (t instanceType) isBurstable() bool { return standardCredits(t.name) != "" }

func (t instanceType) architecture() string {
	if strings.HasSuffix(t.family(), "g") {
		return "arm64"
	}
	return "x86_64"
}

// threads are those of each core.
func (t instanceType) threads() int {
	if t.isXen() || t.architecture() == "arm64" {
		return 1
	}
	return 2
}

// cpuNodes shows the cores of an instance.
func (i *instance) cpuNodes() []node {
	t := typeNamed(i.size)
	return []node{group("cpuOptions", leaf("coreCount", max(1, t.vcpus/t.threads())), leaf("threadsPerCore", t.threads()))}
}

var typeFilters = filters[instanceType]{
	"instance-type":                         one(func(t instanceType) string { return t.name }),
	"burstable-performance-supported":       one(flag(instanceType.isBurstable)),
	"current-generation":                    one(flag(func(t instanceType) bool { return !t.isXen() })),
	"free-tier-eligible":                    one(flag(instanceType.isFree)),
	"hypervisor":                            one(instanceType.hypervisor),
	"processor-info.supported-architecture": one(instanceType.architecture),
	"vcpu-info.default-vcpus":               one(func(t instanceType) string { return strconv.Itoa(t.vcpus) }),
	"memory-info.size-in-mib":               one(func(t instanceType) string { return strconv.Itoa(t.memory) }),
	"bare-metal":                            one(func(instanceType) string { return "false" }),
	"supported-root-device-type":            one(func(instanceType) string { return "ebs" }),
	"supported-virtualization-type":         one(func(instanceType) string { return "hvm" }),
	"supported-usage-class":                 one(func(instanceType) string { return "on-demand" }),
}

func (t instanceType) isFree() bool { return t.name == "t2.micro" || t.name == "t3.micro" }

func describeInstanceTypes(r *request) ([]node, error) {
	all := instanceTypes()
	for _, name := range r.list("InstanceType") {
		if !slices.ContainsFunc(all, func(t instanceType) bool { return t.name == name }) {
			return nil, refuse("InvalidInstanceType", "The following supplied instance types do not exist: [%s]", name)
		}
	}
	l := listing[instanceType]{
		set: "instanceTypeSet", ids: "InstanceType", most: 100,
		id: func(t instanceType) string { return t.name }, filters: typeFilters, show: showType,
	}
	return describe(r, l, all)
}

func showType(t instanceType) []node {
	text := func(set string, values ...string) node {
		n := node{name: set, list: true}
		for _, v := range values {
			n.inner = append(n.inner, leaf("item", v))
		}
		return n
	}
	return []node{
		leaf("instanceType", t.name),
		leaf("currentGeneration", !t.isXen()),
		leaf("freeTierEligible", t.isFree()),
		leaf("bareMetal", false),
		leaf("hypervisor", t.hypervisor()),
		leaf("burstablePerformanceSupported", t.isBurstable()),
		leaf("instanceStorageSupported", false),
		leaf("hibernationSupported", true),
		leaf("autoRecoverySupported", true),
		leaf("dedicatedHostsSupported", false),
		text("supportedUsageClasses", "on-demand", "spot"),
		text("supportedRootDeviceTypes", "ebs"),
		text("supportedVirtualizationTypes", "hvm"),
		group("processorInfo", text("supportedArchitectures", t.architecture())),
		group("vCpuInfo", leaf("defaultVCpus", t.vcpus), leaf("defaultCores", max(1, t.vcpus/t.threads())),
			leaf("defaultThreadsPerCore", t.threads())),
		group("memoryInfo", leaf("sizeInMiB", t.memory)),
		group("ebsInfo", leaf("ebsOptimizedSupport", "default"), leaf("encryptionSupport", "supported")),
		group("networkInfo", leaf("maximumNetworkInterfaces", 4), leaf("ipv4AddressesPerInterface", 15),
			leaf("ipv6AddressesPerInterface", 15),
			leaf("ipv6Supported", true), leaf("enaSupport", "supported")),
		group("placementGroupInfo", text("supportedStrategies", "partition", "spread")),
	}
}

// offering is an instance type at a place of one of the kinds that LocationType has.
type offering struct{ size, kind, location string }

func describeOfferings(r *request) ([]node, error) {
	kind := orText(r.params["LocationType"], "region")
	locations := []string{r.cell.region}
	switch kind {
	case "region":
	case "availability-zone", "availability-zone-id":
		locations = nil
		for _, z := range zonesOf(r.cell.region) {
			location := z.name
			if kind == "availability-zone-id" {
				location = z.id()
			}
			locations = append(locations, location)
		}
	default:
		return nil, invalidValue("Value (%s) for parameter locationType is invalid.", kind)
	}
	var all []offering
	for _, t := range instanceTypes() {
		for _, location := range locations {
			all = append(all, offering{t.name, kind, location})
		}
	}
	l := listing[offering]{
		set: "instanceTypeOfferingSet", most: 1000, id: func(o offering) string { return o.size + " " + o.location },
		filters: filters[offering]{
			"instance-type": one(func(o offering) string { return o.size }),
			"location":      one(func(o offering) string { return o.location }),
		},
		show: func(o offering) []node {
			return []node{leaf("instanceType", o.size), leaf("locationType", o.kind), leaf("location", o.location)}
		},
	}
	return describe(r, l, all)
}
