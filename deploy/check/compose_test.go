package check

import (
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
)

// compose.yaml is what Compose's own schema allows, and shows nobody but
// partnersign the secrets.
func TestCompose(t *testing.T) {
	options, err := cli.NewProjectOptions([]string{"../compose.yaml"}, cli.WithName("partnersign"))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	own, application := project.Services["partnersign"], project.Services["application"]
	if !own.ReadOnly || len(own.CapDrop) != 1 || own.CapDrop[0] != "ALL" || own.Privileged {
		t.Errorf("partnersign is not confined: read_only %v, cap_drop %v", own.ReadOnly, own.CapDrop)
	}
	if len(own.Secrets) != 2 || len(application.Secrets) != 0 || len(application.Volumes) != 0 {
		t.Errorf("partnersign has %d secrets, the application %d", len(own.Secrets), len(application.Secrets))
	}
	if application.NetworkMode != "service:partnersign" || len(own.Ports) != 0 {
		t.Errorf("the application's network is %q, and partnersign publishes %d ports", application.NetworkMode, len(own.Ports))
	}
	if after := application.DependsOn["partnersign"].Condition; after != "service_healthy" {
		t.Errorf("the application starts when partnersign is %q", after)
	}
}
