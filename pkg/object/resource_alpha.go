// SPDX-License-Identifier: Apache-2.0

package object

// alpha lists the resources of Kubernetes that some release can serve in an alpha version: those of package alphaapis,
// as a test demands. Many are served in a beta or stable version too, so no version stands here: rules that speak of one
// say so in their matches.
func alpha() []Resource {
	return []Resource{
		turnedOn("admissionregistration.k8s.io", "MutatingAdmissionPolicy", "mutatingadmissionpolicies", false),
		turnedOn("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybindings", false),
		turnedOn("admissionregistration.k8s.io", "ValidatingAdmissionPolicy", "validatingadmissionpolicies", false),
		turnedOn("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", false),
		turnedOn("certificates.k8s.io", "ClusterTrustBundle", "clustertrustbundles", false),
		turnedOn("certificates.k8s.io", "PodCertificateRequest", "podcertificaterequests", true),
		turnedOn("coordination.k8s.io", "LeaseCandidate", "leasecandidates", true),
		turnedOn("internal.apiserver.k8s.io", "StorageVersion", "storageversions", false),
		turnedOn("lifecycle.k8s.io", "EvictionRequest", "evictionrequests", true),
		turnedOn("lifecycle.k8s.io", "Eviction", "evictions", true),
		turnedOn("networking.k8s.io", "ClusterCIDR", "clustercidrs", false),
		turnedOn("networking.k8s.io", "IPAddress", "ipaddresses", false),
		turnedOn("networking.k8s.io", "ServiceCIDR", "servicecidrs", false),
		turnedOn("resource.k8s.io", "DeviceClass", "deviceclasses", false),
		turnedOn("resource.k8s.io", "DeviceTaintRule", "devicetaintrules", false),
		turnedOn("resource.k8s.io", "PodSchedulingContext", "podschedulingcontexts", true),
		turnedOn("resource.k8s.io", "ResourceClaimParameters", "resourceclaimparameters", true),
		turnedOn("resource.k8s.io", "ResourceClaim", "resourceclaims", true),
		turnedOn("resource.k8s.io", "ResourceClaimTemplate", "resourceclaimtemplates", true),
		turnedOn("resource.k8s.io", "ResourceClass", "resourceclasses", false),
		turnedOn("resource.k8s.io", "ResourceClassParameters", "resourceclassparameters", true),
		turnedOn("resource.k8s.io", "ResourcePoolStatusRequest", "resourcepoolstatusrequests", false),
		turnedOn("resource.k8s.io", "ResourceSlice", "resourceslices", false),
		turnedOn("scheduling.k8s.io", "CompositePodGroup", "compositepodgroups", true),
		turnedOn("scheduling.k8s.io", "PodGroup", "podgroups", true),
		turnedOn("scheduling.k8s.io", "Workload", "workloads", true),
		turnedOn("storage.k8s.io", "VolumeAttributesClass", "volumeattributesclasses", false),
		turnedOn("storagemigration.k8s.io", "StorageVersionMigration", "storageversionmigrations", false),
	}
}

func turnedOn(group, kind, plural string, namespaced bool) Resource {
	return Resource{Group: group, Version: AnyVersion, Kind: kind, Plural: plural, Namespaced: namespaced, Presence: Alpha}
}
