package ec2

import (
	"maps"
	"slices"
	"strings"
)

// image is an AMI. These are a few public ones under the names of real ones, and any other that a caller names by its
// id.
type image struct {
	id, name, description string
	architecture          string
	owner, alias          string
	device                string
	created               string
	parameter             string // of Systems Manager, with its id; empty for none
	imds                  bool   // wants version 2 of the instance metadata service
}

func (i image) snapshot() string { return "snap-" + strings.TrimPrefix(i.id, typeImage.prefix) }

const latest = "/aws/service/ami-amazon-linux-latest/"

// publicImages have a new id in each Region, the same one for all accounts. Their parameters are among those of
// https://docs.aws.amazon.com/linux/al2023/ug/ec2.html#launch-via-aws-cli and
// https://docs.aws.amazon.com/linux/al2/ug/ec2.html.
func publicImages(region string) []image {
	public := cell{accountRegion: accountRegion{"public", region}}
	images := []image{
		{
			name: "al2023-ami-2023.9.20251105.0-kernel-6.1-x86_64", description: "Amazon Linux 2023 AMI",
			created: "2025-11-05T00:00:00.000Z", imds: true, parameter: latest + "al2023-ami-kernel-default-x86_64",
		},
		{
			name: "al2023-ami-2023.9.20251105.0-kernel-6.1-arm64", description: "Amazon Linux 2023 AMI",
			created: "2025-11-05T00:00:00.000Z", imds: true, parameter: latest + "al2023-ami-kernel-default-arm64",
		},
		{
			name: "amzn2-ami-hvm-2.0.20251014.0-x86_64-gp2", description: "Amazon Linux 2 AMI",
			created: "2025-10-14T00:00:00.000Z", parameter: latest + "amzn2-ami-hvm-x86_64-gp2",
		},
		{name: "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20251015", created: "2025-10-15T00:00:00.000Z"},
		{name: "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20251022", created: "2025-10-22T00:00:00.000Z"},
		{name: "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-20251022", created: "2025-10-22T00:00:00.000Z"},
	}
	for n := range images {
		i := &images[n]
		i.id = public.derivedID(typeImage.prefix, i.name)
		i.owner, i.alias, i.device = "137112412989", "amazon", "/dev/xvda"
		if strings.HasPrefix(i.name, "ubuntu") {
			i.owner, i.alias, i.device, i.description = "099720109477", "", "/dev/sda1", "Canonical, Ubuntu"
		}
		i.architecture = "x86_64"
		if strings.Contains(i.name, "arm64") {
			i.architecture = "arm64"
		}
	}
	return images
}

// imageOf returns the image with the id: a public one, or else a plain one of another account.
func imageOf(id, region string) image {
	for _, i := range publicImages(region) {
		if i.id == id {
			return i
		}
	}
	return image{
		id: id, name: id, architecture: "x86_64", owner: "999999999999", device: "/dev/xvda",
		created: "2025-01-01T00:00:00.000Z",
	}
}

// resolveImage replaces a reference to a public parameter of Systems Manager by the id in it. Public parameters have no
// versions that a caller could name:
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-systems-manager-parameter-to-find-AMI.html
func (r *request) resolveImage() error {
	id := r.imageID()
	if id == "" && r.params["ImageId"] != "" {
		return refuse("SsmInvalidParameter", "The parameter '%s' does not exist.",
			strings.TrimPrefix(r.params["ImageId"], "resolve:ssm:"))
	}
	r.params = maps.Clone(r.params)
	r.params["ImageId"] = id
	return nil
}

// imageID is empty for a reference to a parameter that doesn't exist.
func (r *request) imageID() string {
	name, refers := strings.CutPrefix(r.params["ImageId"], "resolve:ssm:")
	if !refers {
		return name
	}
	return r.PublicImage(r.cell.region, name)
}

var imageFilters = filters[image]{
	"image-id":                         one(func(i image) string { return i.id }),
	"name":                             one(func(i image) string { return i.name }),
	"description":                      one(func(i image) string { return i.description }),
	"architecture":                     one(func(i image) string { return i.architecture }),
	"owner-id":                         one(func(i image) string { return i.owner }),
	"owner-alias":                      one(func(i image) string { return i.alias }),
	"creation-date":                    one(func(i image) string { return i.created }),
	"root-device-name":                 one(func(i image) string { return i.device }),
	"root-device-type":                 one(func(image) string { return "ebs" }),
	"block-device-mapping.volume-type": one(func(image) string { return "gp3" }),
	"virtualization-type":              one(func(image) string { return "hvm" }),
	"hypervisor":                       one(func(image) string { return "xen" }),
	"image-type":                       one(func(image) string { return "machine" }),
	"is-public":                        one(func(image) string { return "true" }),
	"state":                            one(func(image) string { return "available" }),
	"ena-support":                      one(func(image) string { return "true" }),
	"platform":                         never[image],
}

func describeImages(r *request) ([]node, error) {
	all := publicImages(r.cell.region)
	for _, id := range r.list("ImageId") {
		if typeImage.check(id) == nil && !slices.ContainsFunc(all, func(i image) bool { return i.id == id }) {
			all = append(all, imageOf(id, r.cell.region))
		}
	}
	if owners := r.list("Owner"); len(owners) > 0 {
		all = slices.DeleteFunc(all, func(i image) bool {
			return !slices.Contains(owners, i.owner) && !slices.Contains(owners, i.alias)
		})
	}
	l := listing[image]{
		set: "imagesSet", ids: "ImageId", resourceType: typeImage, most: 1000,
		id: func(i image) string { return i.id }, filters: imageFilters, show: showImage,
	}
	return describe(r, l, all)
}

func showImage(i image) []node {
	nodes := []node{
		leaf("imageId", i.id),
		leaf("imageLocation", i.owner+"/"+i.name),
		leaf("imageState", "available"),
		leaf("imageOwnerId", i.owner),
		leaf("creationDate", i.created),
		leaf("isPublic", true),
		leaf("architecture", i.architecture),
		leaf("imageType", "machine"),
		leaf("name", i.name),
		leaf("description", i.description),
		leaf("rootDeviceType", "ebs"),
		leaf("rootDeviceName", i.device),
		leaf("virtualizationType", "hvm"),
		leaf("hypervisor", "xen"),
		leaf("enaSupport", true),
		leaf("platformDetails", "Linux/UNIX"),
		leaf("usageOperation", "RunInstances"),
		list("blockDeviceMapping", []node{
			leaf("deviceName", i.device),
			group("ebs", leaf("snapshotId", i.snapshot()), leaf("volumeSize", standardSize), leaf("deleteOnTermination", true),
				leaf("volumeType", "gp3"), leaf("iops", 3000), leaf("throughput", 125), leaf("encrypted", false)),
		}),
		list("productCodes"),
		list("tagSet"),
	}
	if i.imds {
		nodes = append(nodes, leaf("imdsSupport", "v2.0"))
	}
	return append(nodes, optional("imageOwnerAlias", i.alias)...)
}
