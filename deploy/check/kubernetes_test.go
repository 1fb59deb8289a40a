package check

import (
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/json"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// What `kubectl apply -k deploy` sends has no field that Kubernetes does not
// know, and only the sidecar has the secrets.
func TestKubernetes(t *testing.T) {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), "..")
	if err != nil {
		t.Fatal(err)
	}
	var deployment apps.Deployment
	var config core.ConfigMap
	for _, r := range resources.Resources() {
		text, err := r.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		var into any
		switch kind := r.GetKind(); kind {
		case "Deployment":
			into = &deployment
		case "ConfigMap":
			into = &config
		default:
			t.Fatalf("there is a %s", kind)
		}
		// Letter case counts, as it does for the API server.
		if unknown, err := json.UnmarshalStrict(text, into); err != nil || len(unknown) != 0 {
			t.Errorf("%s: %v %v", r.GetKind(), err, unknown)
		}
	}
	pod := deployment.Spec.Template.Spec
	if deployment.APIVersion != "apps/v1" || len(pod.InitContainers) != 1 || len(pod.Containers) != 1 {
		t.Fatalf("a %s with %d init containers and %d containers", deployment.APIVersion, len(pod.InitContainers), len(pod.Containers))
	}
	for _, v := range pod.Volumes {
		if v.ConfigMap != nil && (v.ConfigMap.Name != config.Name || config.Name == "partnersign") {
			t.Errorf("the volume has %s, and the Caddyfile is in %s", v.ConfigMap.Name, config.Name)
		}
	}
	sidecar, application := pod.InitContainers[0], pod.Containers[0]
	if p := sidecar.RestartPolicy; p == nil || *p != core.ContainerRestartPolicyAlways {
		t.Error("partnersign is no sidecar")
	}
	for name, probe := range map[string]*core.Probe{"/readyz": sidecar.StartupProbe, "/readyz ": sidecar.ReadinessProbe, "/healthz": sidecar.LivenessProbe} {
		if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Path != strings.TrimSpace(name) {
			t.Errorf("no probe asks for %s", name)
		}
	}
	if sidecar.Resources.Limits.Memory().IsZero() || sidecar.Resources.Requests.Cpu().IsZero() {
		t.Error("partnersign may take any resources")
	}
	if len(application.VolumeMounts) != 0 {
		t.Error("the application mounts a volume")
	}
	confined(t, sidecar)
	confined(t, application)
	if s := sidecar.SecurityContext; s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem {
		t.Error("partnersign can write to its root file system")
	}
}

func confined(t *testing.T, c core.Container) {
	t.Helper()
	s := c.SecurityContext
	if s == nil || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation || s.RunAsUser == nil || *s.RunAsUser == 0 ||
		s.Capabilities == nil || len(s.Capabilities.Drop) != 1 || s.Capabilities.Drop[0] != "ALL" {
		t.Errorf("%s has privileges: %+v", c.Name, s)
	}
}
