package patterns

// Answer is the result of matching an event against a pattern.
type Answer string

// The answers.
const (
	Matches Answer = "matches"
	Differs Answer = "differs"
	Refused Answer = "refused" // the pattern is none
)

// Case is one fact of AWS's documentation about a pattern.
type Case struct {
	Page           string // below https://docs.aws.amazon.com/eventbridge/latest/userguide/, or all of an address
	Pattern, Event string
	Want           Answer
}

// The pages. The last documents the matcher that AWS has published, with some values that the guide leaves out.
const (
	overview  = "eb-event-patterns.html"
	syntax    = "eb-create-pattern.html"
	operators = "eb-create-pattern-operators.html"
	arrays    = "eb-event-patterns-arrays.html"
	nulls     = "eb-event-patterns-null-values.html"
	values    = "eb-filtering-data-types.html"
	buses     = "eb-cross-account.html"
	ruler     = "https://github.com/aws/event-ruler/blob/main/README.md"
)

// Events of the pages, reduced to the fields that their patterns match.
const (
	terminated = `{"detail-type":"EC2 Instance State-change Notification","source":"aws.ec2",` +
		`"detail":{"instance-id":"i-1","state":"terminated"}}`
	pending = `{"detail-type":"EC2 Instance State-change Notification","source":"aws.ec2",` +
		`"detail":{"instance-id":"i-1","state":"pending"}}`
	counted  = `{"detail-type":"EC2 Instance State-change Notification","source":"s","detail":{"c-count":{"c1":100}}}`
	launched = `{"detail-type":"EC2 Instance Launch Successful","source":"aws.autoscaling","resources":[],` +
		`"detail":{"eventVersion":"","responseElements":null}}`
	found = `{"detail-type":"Macie Finding","source":"aws.macie","detail":{"severity":{"score":1,` +
		`"description":"Low"},"count":2}}`
	measured = `{"source":"s","time":"2017-10-02T18:43:48Z","detail":{"state":"running","c-count":5,"d-count":3,` +
		`"x-limit":301.8,"source-ip":"10.0.0.33"}}`
	monitored   = `{"source":"aws.cloudwatch","metricType":"MetricType","namespace":"AWS/EC2","metricId":1234}`
	unmonitored = `{"source":"aws.cloudwatch","metricType":"MetricType","namespace":"AWS/S3","metricId":1234}`
)

// detail is an event whose detail has one field.
func detail(field, value string) string {
	return `{"source":"s","detail-type":"t","detail":{"` + field + `":` + value + `}}`
}

// The pattern of autopeer's rule for edits, with two roles, and the same without its first part, which misses users:
// these have no session of a role.
const (
	byOthers = `{"detail":{"userIdentity":{"sessionContext":{"sessionIssuer":{"arn":[{"exists":false},` +
		otherRoles + `]}}}}}`
	byOtherRoles = `{"detail":{"userIdentity":{"sessionContext":{"sessionIssuer":{"arn":[` + otherRoles + `]}}}}}`
	otherRoles   = `{"anything-but":["arn:aws:iam::1:role/ours","arn:aws:iam::1:role/ours-too"]}`
)

// issued is an event of a session with this issuer.
func issued(issuer string) string {
	return detail("userIdentity", `{"type":"AssumedRole","sessionContext":{"sessionIssuer":`+issuer+`}}`)
}

// Cases are the examples of the pages, each with an event that differs where the page gives none. Where recorded
// answers of AWS contradict a page, they count: numbers are compared by value, and one of the wildcards is too complex.
var Cases = []Case{
	{overview,
		`{"source":["aws.ec2"],"detail-type":["EC2 Instance State-change Notification"],"detail":{"state":["terminated"]}}`,
		terminated, Matches},
	{overview,
		`{"source":["aws.ec2"],"detail-type":["EC2 Instance State-change Notification"],"detail":{"state":["terminated"]}}`,
		pending, Differs},
	{buses, `{"source":["aws.ec2"]}`, `{"source":"aws.ec2","account":"111111111111","detail":{}}`, Matches},
	{buses, `{"source":["aws.ec2"],"account":["222222222222"]}`,
		`{"source":"aws.ec2","account":"111111111111","detail":{}}`, Differs},
	{buses, `{"source":["aws.ec2"],"account":["*"]}`, `{"source":"aws.ec2","account":"111111111111","detail":{}}`,
		Differs},

	{syntax, `{"source":["aws.ec2","aws.fargate"]}`, terminated, Matches},
	{syntax, `{"source":["aws.fargate","aws.ec"]}`, terminated, Differs},
	{syntax, `{"detail":{"n":[300]}}`, detail("n", `300`), Matches},
	{syntax, `{"detail":{"n":[300]}}`, detail("n", `300.0`), Matches},
	{syntax, `{"detail":{"n":[300]}}`, detail("n", `3.0e2`), Matches},
	{syntax, `{"detail":{"n":[300]}}`, detail("n", `"300"`), Differs},
	{syntax, `{"detail":{"n":[true]}}`, detail("n", `true`), Matches},
	{syntax, `{"detail":{"state":{"status":["running"]}}}`, detail("state.status", `"running"`), Matches},
	{syntax, `{"detail":{"state.status":["running"]}}`, detail("state", `{"status":"running"}`), Matches},
	{syntax, `{"detail":{"state.status":["running"]}}`, detail("state.status", `"running"`), Matches},
	{syntax, `{"detail":{"state.status":["running"]}}`, detail("state", `{"status":"stopped"}`), Differs},
	{syntax, `{"source":["s3"],"source":["sns"],"detail":{"eventSource":["s3"],"eventSource":["sns"]}}`,
		`{"source":"sns","detail":{"eventSource":"sns"}}`, Matches},
	{syntax, `{"source":["sns"],"detail":{"eventSource":["sns"]}}`,
		`{"source":"sns","detail":[{"eventSource":"s3","eventSource":"sns"}]}`, Matches},

	{operators, `{"detail":{"Location":["New York"],"Day":["Monday"]}}`,
		`{"source":"s","detail":{"Location":"New York","Day":"Monday"}}`, Matches},
	{operators, `{"detail":{"Location":["New York"],"Day":["Monday"]}}`,
		`{"source":"s","detail":{"Location":"New York","Day":"Friday"}}`, Differs},
	{operators, `{"detail":{"PaymentType":["Credit","Debit"]}}`, detail("PaymentType", `"Debit"`), Matches},
	{operators, `{"detail":{"PaymentType":["Credit","Debit"]}}`, detail("PaymentType", `"Cash"`), Differs},
	{operators, `{"detail":{"$or":[{"Location":["New York"]},{"Day":["Monday"]}]}}`, detail("Day", `"Monday"`), Matches},
	{operators, `{"detail":{"$or":[{"Location":["New York"]},{"Day":["Monday"]}]}}`, detail("Day", `"Friday"`), Differs},
	{operators, `{"detail":{"Name":["Alice"]}}`, detail("Name", `"Alice"`), Matches},
	{operators, `{"detail":{"Name":["Alice"]}}`, detail("Name", `"alice"`), Differs},
	{operators, `{"detail":{"Name":[{"equals-ignore-case":"alice"}]}}`, detail("Name", `"Alice"`), Matches},
	{operators, `{"detail":{"Name":[{"equals-ignore-case":"alice"}]}}`, detail("Name", `"Alicia"`), Differs},
	{operators, `{"detail":{"LastName":[""]}}`, detail("LastName", `""`), Matches},
	{operators, `{"detail":{"LastName":[""]}}`, detail("LastName", `" "`), Differs},
	{operators, `{"detail":{"UserID":[null]}}`, detail("UserID", `null`), Matches},
	{operators, `{"detail":{"UserID":[null]}}`, detail("UserID", `"null"`), Differs},

	{operators, `{"time":[{"prefix":"2017-10-02"}]}`, measured, Matches},
	{operators, `{"detail":{"Region":[{"prefix":"us-"}]}}`, detail("Region", `"us-east-1"`), Matches},
	{operators, `{"detail":{"Region":[{"prefix":"us-"}]}}`, detail("Region", `"eu-west-1"`), Differs},
	{operators, `{"detail":{"service":[{"prefix":{"equals-ignore-case":"EventB"}}]}}`,
		detail("service", `"eventbridge"`), Matches},
	{operators, `{"detail":{"service":[{"prefix":{"equals-ignore-case":"EventB"}}]}}`,
		detail("service", `"EVENTBRIDGE"`), Matches},
	{operators, `{"detail":{"service":[{"prefix":{"equals-ignore-case":"EventB"}}]}}`,
		detail("service", `"events"`), Differs},
	{operators, `{"detail":{"FileName":[{"suffix":".png"}]}}`, detail("FileName", `"a.png"`), Matches},
	{operators, `{"detail":{"FileName":[{"suffix":".png"}]}}`, detail("FileName", `"a.PNG"`), Differs},
	{operators, `{"detail":{"FileName":[{"suffix":{"equals-ignore-case":".png"}}]}}`,
		detail("FileName", `"a.PNG"`), Matches},
	{operators, `{"detail":{"service":[{"suffix":{"equals-ignore-case":"tBridge"}}]}}`,
		detail("service", `"EVENTBRIDGE"`), Matches},
	{operators, `{"detail":{"service":[{"suffix":{"equals-ignore-case":"tBridge"}}]}}`,
		detail("service", `"EVENTBRIDGES"`), Differs},

	{operators, `{"detail":{"state":[{"anything-but":"initializing"}]}}`, detail("state", `"running"`), Matches},
	{operators, `{"detail":{"state":[{"anything-but":"initializing"}]}}`, detail("state", `"initializing"`), Differs},
	{operators, `{"detail":{"state":[{"anything-but":"initializing"}]}}`, detail("other", `"running"`), Differs},
	{operators, `{"detail":{"x-limit":[{"anything-but":123}]}}`, detail("x-limit", `124`), Matches},
	{operators, `{"detail":{"x-limit":[{"anything-but":123}]}}`, detail("x-limit", `123`), Differs},
	{operators, `{"detail":{"Weather":[{"anything-but":["Raining"]}]}}`, detail("Weather", `"Raining"`), Differs},
	{operators, `{"detail":{"state":[{"anything-but":["stopped","overloaded"]}]}}`, detail("state", `"running"`), Matches},
	{operators, `{"detail":{"state":[{"anything-but":["stopped","overloaded"]}]}}`,
		detail("state", `"overloaded"`), Differs},
	{operators, `{"detail":{"x-limit":[{"anything-but":[100,200,300]}]}}`, detail("x-limit", `250`), Matches},
	{operators, `{"detail":{"x-limit":[{"anything-but":[100,200,300]}]}}`, detail("x-limit", `200`), Differs},
	{operators, `{"detail":{"x-limit":[{"anything-but":[100,"two"]}]}}`, detail("x-limit", `200`), Refused},
	{operators, `{"detail":{"state":[{"anything-but":{"equals-ignore-case":"initializing"}}]}}`,
		detail("state", `"INITIALIZING"`), Differs},
	{operators, `{"detail":{"state":[{"anything-but":{"equals-ignore-case":"initializing"}}]}}`,
		detail("state", `"running"`), Matches},
	{operators, `{"detail":{"state":[{"anything-but":{"equals-ignore-case":["initializing","stopped"]}}]}}`,
		detail("state", `"Stopped"`), Differs},
	{operators, `{"detail":{"state":[{"anything-but":{"equals-ignore-case":["initializing","stopped"]}}]}}`,
		detail("state", `"running"`), Matches},
	{operators, `{"detail":{"Region":[{"anything-but":{"prefix":"us-"}}]}}`, detail("Region", `"eu-west-1"`), Matches},
	{operators, `{"detail":{"state":[{"anything-but":{"prefix":"init"}}]}}`, detail("state", `"initial"`), Differs},
	{operators, `{"detail":{"state":[{"anything-but":{"prefix":["init","stop"]}}]}}`,
		detail("state", `"stopped"`), Differs},
	{operators, `{"detail":{"state":[{"anything-but":{"prefix":["init","stop"]}}]}}`,
		detail("state", `"running"`), Matches},
	{operators, `{"detail":{"FileName":[{"anything-but":{"suffix":".txt"}}]}}`, detail("FileName", `"a.txt"`), Differs},
	{operators, `{"detail":{"FileName":[{"anything-but":{"suffix":".txt"}}]}}`, detail("FileName", `"a.png"`), Matches},
	{operators, `{"detail":{"FileName":[{"anything-but":{"suffix":[".txt",".rtf"]}}]}}`,
		detail("FileName", `"a.rtf"`), Differs},
	{operators, `{"detail":{"FileName":[{"anything-but":{"suffix":[".txt",".rtf"]}}]}}`,
		detail("FileName", `"a.png"`), Matches},
	{operators, `{"detail":{"FilePath":[{"anything-but":{"wildcard":"*/lib/*"}}]}}`,
		detail("FilePath", `"/usr/lib/x"`), Differs},
	{operators, `{"detail":{"FilePath":[{"anything-but":{"wildcard":"*/lib/*"}}]}}`,
		detail("FilePath", `"/usr/library"`), Matches},
	{operators, `{"detail":{"FilePath":[{"anything-but":{"wildcard":["*/lib/*","*/bin/*"]}}]}}`,
		detail("FilePath", `"/usr/bin/x"`), Differs},
	{operators, `{"detail":{"FilePath":[{"anything-but":{"wildcard":["*/lib/*","*/bin/*"]}}]}}`,
		detail("FilePath", `"/usr/x"`), Matches},

	{operators,
		`{"detail":{"c-count":[{"numeric":[">",0,"<=",5]}],"d-count":[{"numeric":["<",10]}],"x-limit":[{"numeric":["=",` +
			`3.018e2]}]}}`, measured, Matches},
	{operators, `{"detail":{"c-count":[{"numeric":[">",0,"<=",5]}]}}`, detail("c-count", `5.1`), Differs},
	{operators, `{"detail":{"c-count":[{"numeric":[">",0,"<=",5]}]}}`, detail("c-count", `0`), Differs},
	{operators, `{"detail":{"c-count":[{"numeric":[">",0,"<=",5]}]}}`, detail("c-count", `"3"`), Differs},
	{operators, `{"detail":{"Price":[{"numeric":["=",100]}]}}`, detail("Price", `1.0e2`), Matches},
	{operators, `{"detail":{"Price":[{"numeric":["=",100]}]}}`, detail("Price", `100.1`), Differs},
	{operators, `{"detail":{"Price":[{"numeric":[">",10,"<=",20]}]}}`, detail("Price", `20`), Matches},
	{operators, `{"detail":{"Price":[{"numeric":[">",10,"<=",20]}]}}`, detail("Price", `10`), Differs},
	{operators, `{"detail":{"Price":[{"numeric":["<",6000000000]}]}}`, detail("Price", `10`), Refused},
	{operators, `{"detail":{"sourceIPAddress":[{"cidr":"10.0.0.0/24"}]}}`,
		detail("sourceIPAddress", `"10.0.0.255"`), Matches},
	{operators, `{"detail":{"sourceIPAddress":[{"cidr":"10.0.0.0/24"}]}}`,
		detail("sourceIPAddress", `"10.0.1.0"`), Differs},
	{operators, `{"detail":{"sourceIPAddress":[{"cidr":"2001:db8::/32"}]}}`,
		detail("sourceIPAddress", `"2001:db8::1"`), Matches},
	{operators, `{"detail":{"sourceIPAddress":[{"cidr":"2001:db8::/32"}]}}`,
		detail("sourceIPAddress", `"2001:db9::1"`), Differs},
	{operators, `{"detail":{"state":[{"exists":true}]}}`, pending, Matches},
	{operators, `{"detail":{"state":[{"exists":true}]}}`, counted, Differs},
	{operators, `{"detail":{"ProductName":[{"exists":true}]}}`, detail("ProductName", `null`), Matches},
	{operators, `{"detail":{"ProductName":[{"exists":false}]}}`, detail("ProductName", `"x"`), Differs},
	{operators, `{"detail":{"ProductName":[{"exists":false}]}}`, detail("other", `"x"`), Matches},
	{operators, `{"detail":{"c-count":[{"exists":true}]}}`, counted, Differs},
	{operators, `{"detail-type":[{"equals-ignore-case":"ec2 instance state-change notification"}]}`, counted, Matches},
	{operators, `{"detail":{"FileName":[{"wildcard":"dir/*.png"}]}}`, detail("FileName", `"dir/a/b.png"`), Matches},
	{operators, `{"detail":{"FileName":[{"wildcard":"dir/*.png"}]}}`, detail("FileName", `"dirs/a.png"`), Differs},
	{operators, `{"detail":{"EventBusArn":[{"wildcard":"*:*:*:*:*:event-bus/*"}]}}`,
		detail("EventBusArn", `"arn:aws:events:us-east-1:111111111111:event-bus/x"`), Refused},
	{operators, `{"detail":{"EventBusArn":[{"wildcard":"arn:aws:events:us-east-1:*:event-bus/*"}]}}`,
		detail("EventBusArn", `"arn:aws:events:eu-west-1:1:event-bus/x"`), Differs},
	{operators, `{"detail":{"FileName":[{"wildcard":"/Users/*/dir/dir/dir/dir/dir/doc.txt"}]}}`,
		detail("FileName", `"/Users/a/dir/dir/dir/dir/dir/doc.txt"`), Matches},
	{operators, `{"detail":{"FileName":[{"wildcard":"/Users/*/doc.txt"}]}}`,
		detail("FileName", `"/Users/a/dir/dir/doc.txt"`), Matches},
	{operators, `{"detail":{"FileName":[{"wildcard":"a**b"}]}}`, detail("FileName", `"ab"`), Refused},
	{operators, `{"detail":{"FileName":[{"wildcard":"a\\*b"}]}}`, detail("FileName", `"a*b"`), Matches},
	{operators, `{"detail":{"FileName":[{"wildcard":"a\\*b"}]}}`, detail("FileName", `"axb"`), Differs},
	{operators, `{"detail":{"FileName":[{"wildcard":"a\\\\*"}]}}`, detail("FileName", `"a\\b"`), Matches},
	{operators, `{"detail":{"FileName":[{"wildcard":"a\\b"}]}}`, detail("FileName", `"ab"`), Refused},
	{operators,
		`{"time":[{"prefix":"2017-10-02"}],"detail":{"state":[{"anything-but":"initializing"}],"c-count":[{"numeric":[">",` +
			`0,"<=",5]}],"d-count":[{"numeric":["<",10]}],"x-limit":[{"anything-but":[100,200,300]}]}}`, measured, Matches},
	{operators,
		`{"time":[{"prefix":"2017-10-02"}],"detail":{"state":[{"anything-but":"initializing"}],` +
			`"x-limit":[{"anything-but":[100,200,301.8]}]}}`, measured, Differs},
	{operators, `{"detail":{"location":[{"prefix":"us-"}],"location":[{"anything-but":"us-east"}]}}`,
		detail("location", `"eu-west"`), Matches},
	{operators, `{"detail":{"location":[{"prefix":"us-"}],"location":[{"anything-but":"us-east"}]}}`,
		detail("location", `"us-east"`), Differs},
	{operators,
		`{"detail":{"$or":[{"c-count":[{"numeric":[">",0,"<=",5]}]},{"d-count":[{"numeric":["<",10]}]},` +
			`{"x-limit":[{"numeric":["=",3.018e2]}]}]}}`, detail("d-count", `9`), Matches},
	{operators,
		`{"detail":{"$or":[{"c-count":[{"numeric":[">",0,"<=",5]}]},{"d-count":[{"numeric":["<",10]}]},` +
			`{"x-limit":[{"numeric":["=",3.018e2]}]}]}}`, detail("d-count", `10`), Differs},

	{arrays, `{"resources":["arn:1:i-1","arn:2:i-1","arn:3:i-1"]}`,
		`{"source":"s","resources":["arn:0:x","arn:1:i-1"],"detail":{}}`, Matches},
	{arrays, `{"resources":["arn:1:i-1","arn:2:i-1","arn:3:i-1"]}`,
		`{"source":"s","resources":["arn:0:x","arn:4:i-1"],"detail":{}}`, Differs},
	{nulls, `{"detail":{"eventVersion":[""]}}`, launched, Matches},
	{nulls, `{"detail":{"responseElements":[null]}}`, launched, Matches},
	{nulls, `{"detail":{"responseElements":[""]}}`, launched, Differs},
	{nulls, `{"detail":{"eventVersion":[null]}}`, launched, Differs},
	{values,
		`{"source":["aws.autoscaling"],"detail-type":["EC2 Instance Launch Successful"],` +
			`"detail":{"responseElements":[null]}}`, launched, Matches},
	{values, `{"source":["aws.macie"],"detail-type":["Macie Finding"],"detail":{"severity":{"score":[1]},"count":[2]}}`,
		found, Matches},
	{values, `{"source":["aws.macie"],"detail-type":["Macie Finding"],"detail":{"severity":{"score":[2]},"count":[2]}}`,
		found, Differs},

	{ruler, `{"detail":{"state":["initializing","running"]}}`, measured, Matches},
	{ruler, `{"source":[{"suffix":"ec2"}]}`, terminated, Matches},
	{ruler, `{"source":[{"equals-ignore-case":"EC2"}]}`, terminated, Differs},
	{ruler, `{"source":[{"wildcard":"Simple*Service"}]}`, `{"source":"SimpleQueueService","detail":{}}`, Matches},
	{ruler, `{"detail":{"source-ip":[{"cidr":"10.0.0.0/24"}]}}`, measured, Matches},
	{ruler, `{"detail":{"c-count":[{"exists":false}]}}`, counted, Matches},
	{ruler, `{"source":["aws.cloudwatch"],"$or":[{"metricName":["CPUUtilization"]},{"namespace":["AWS/EC2","AWS/ES"]}]}`,
		monitored, Matches},
	{ruler, `{"source":["aws.cloudwatch"],"$or":[{"metricName":["CPUUtilization"]},{"namespace":["AWS/EC2","AWS/ES"]}]}`,
		unmonitored, Differs},
	{ruler,
		`{"source":["aws.cloudwatch"],"$or":[{"metricName":["x"]},{"metricType":["MetricType"],"namespace":["AWS/EC2"],` +
			`"$or":[{"metricId":[1234]},{"spaceId":[1000]}]},{"scope":["Service"]}]}`, monitored, Matches},
	{ruler,
		`{"source":["aws.cloudwatch"],"$or":[{"metricName":["x"]},{"metricType":["MetricType"],"namespace":["AWS/EC2"],` +
			`"$or":[{"metricId":[1]},{"spaceId":[1000]}]},{"scope":["Service"]}]}`, monitored, Differs},
	{ruler, byOthers, issued(`{"arn":"arn:aws:iam::1:role/ours"}`), Differs},
	{ruler, byOthers, issued(`{"arn":"arn:aws:iam::1:role/ours-too"}`), Differs},
	{ruler, byOthers, issued(`{"arn":"arn:aws:iam::1:role/theirs"}`), Matches},
	{ruler, byOthers, issued(`{}`), Matches},
	{ruler, byOthers, detail("userIdentity", `{"type":"IAMUser"}`), Matches},
	{ruler, byOthers,
		detail("userIdentity", `{"type":"IAMUser","sessionContext":{"attributes":{"mfaAuthenticated":"true"}}}`), Matches},
	{ruler, byOtherRoles, issued(`{"arn":"arn:aws:iam::1:role/ours-too"}`), Differs},
	{ruler, byOtherRoles, issued(`{"arn":"arn:aws:iam::1:role/theirs"}`), Matches},
	{ruler, byOtherRoles, detail("userIdentity", `{"type":"IAMUser"}`), Differs},
	{ruler, byOtherRoles, issued(`{}`), Differs},

	{ruler, `{"detail":{}}`, measured, Refused},
	{ruler, `{"detail":{"state":[]}}`, measured, Refused},
	{ruler, `{"detail":{"state":"running"}}`, measured, Refused},
}
